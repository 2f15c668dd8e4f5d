//! What stores answer, in words for people: what is at the bottom of it, and what may help.

/// What lies at the bottom of a store's error: the system's own words, without the layers above them.
pub fn root_cause(error: &object_store::Error) -> String {
    bottom(error)
}

/// As [`root_cause`], for an error that may come from a store or not.
pub fn bottom(error: &dyn std::error::Error) -> String {
    let mut cause = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    let text = cause.to_string();
    if let Some(answer) = answer(&text) {
        return answer;
    }
    // Where nothing else tells who asks, the machine's own metadata service is asked.
    let said = error.to_string();
    if let Some((_, variables)) = METADATA.iter().find(|(path, _)| said.contains(path)) {
        return format!(
            "there are no credentials in the environment, and the metadata service gave none ({text}); set {variables}"
        );
    }
    // Whom it was that did not answer is said further up.
    match asked(&said) {
        Some(server) if !text.contains(server) => format!("{text}, asking {server}"),
        _ => text,
    }
}

/// What is asked of metadata services: those of EC2 (by either version), Azure (for whatever resource) and Google. And what to
/// set where there is none.
const METADATA: [(&str, &str); 4] = [
    ("/latest/api/token", AWS_KEYS),
    ("/latest/meta-data/", AWS_KEYS),
    ("resource=https", "AZURE_STORAGE_ACCOUNT_KEY or AZURE_STORAGE_SAS_KEY"),
    ("/computeMetadata/", "GOOGLE_APPLICATION_CREDENTIALS, or run `gcloud auth application-default login`"),
];

const AWS_KEYS: &str = "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE";

/// The server in a message that names a URL.
fn asked(text: &str) -> Option<&str> {
    let scheme =
        ["http://", "https://"].into_iter().filter_map(|scheme| Some((text.find(scheme)?, scheme))).min()?;
    let begin = &text[scheme.0..];
    let host = &begin[scheme.1.len()..];
    let end = host.find(|end: char| end == '/' || end.is_whitespace()).unwrap_or(host.len());
    Some(&begin[..scheme.1.len() + end])
}

/// What a store has answered, out of its XML: a code and a message, and what may help.
fn answer(text: &str) -> Option<String> {
    let element = |name: &str| {
        let (_, rest) = text.split_once(&format!("<{name}>"))?;
        rest.split_once("</").map(|(content, _)| content.trim())
    };
    let code = element("Code")?;
    let hint = match code {
        "ExpiredToken" | "ExpiredTokenException" => "; get new credentials",
        "RequestTimeTooSkewed" => "; set this machine's clock",
        "InvalidAccessKeyId" | "SignatureDoesNotMatch" => {
            "; look at AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_PROFILE"
        }
        // S3 and Google say it in the same words.
        "AccessDenied" => {
            "; these credentials need permission to list and read there and, for a dataset, to write and delete (on S3: \
             s3:ListBucket, s3:GetObject, s3:PutObject, s3:DeleteObject; on Google Cloud Storage: storage.objects.list, \
             storage.objects.get, storage.objects.create, storage.objects.delete)"
        }
        "AuthorizationFailure" | "AuthorizationPermissionMismatch" => {
            "; these credentials need permission to list and read there and, for a dataset, to write and delete"
        }
        "AuthenticationRequired" => {
            "; look at GOOGLE_APPLICATION_CREDENTIALS and GOOGLE_SERVICE_ACCOUNT, or run `gcloud auth application-default \
             login` again"
        }
        "AuthenticationFailed" | "NoAuthenticationInformation" => {
            "; look at AZURE_STORAGE_ACCOUNT_NAME, AZURE_STORAGE_ACCOUNT_KEY and AZURE_STORAGE_SAS_KEY"
        }
        "PermanentRedirect" | "AuthorizationHeaderMalformed" => "; set AWS_REGION to the bucket's region",
        _ => "",
    };
    let message = element("Message").unwrap_or_default().trim_end_matches('.');
    Some(format!("{code}: {message}{hint}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_put_in_words() {
        let xml = "Server returned non-2xx status code: 404 Not Found: <?xml version=\"1.0\"?>\n<Error><Code>NoSuchBucket</Code>\
                   <Message>The specified bucket does not exist.</Message><BucketName>b</BucketName></Error>";
        assert_eq!(answer(xml).as_deref(), Some("NoSuchBucket: The specified bucket does not exist"));
        let skewed =
            "<Error><Code>RequestTimeTooSkewed</Code><Message>The difference is too large.</Message></Error>";
        assert!(answer(skewed).unwrap().ends_with("; set this machine's clock"));
        assert_eq!(answer("Connection refused"), None);
        assert_eq!(asked("Error performing GET http://127.0.0.1:9/b?x in 1 ms"), Some("http://127.0.0.1:9"));
        assert_eq!(asked("no such file"), None);
    }

    #[test]
    fn who_has_no_credentials_is_told_of_those_of_the_store() {
        let google = "GOOGLE_APPLICATION_CREDENTIALS";
        for (asked, named) in [
            ("http://169.254.169.254/latest/api/token", "AWS_PROFILE"),
            (
                "http://169.254.169.254/metadata/identity/oauth2/token?resource=https%3A",
                "AZURE_STORAGE_ACCOUNT_KEY",
            ),
            (
                "http://metadata.google.internal/computeMetadata/v1/instance/service-accounts/default/token",
                google,
            ),
        ] {
            let said =
                bottom(&std::io::Error::other(format!("Error performing GET {asked} in 1 ms - refused")));
            let others =
                ["AWS_", "AZURE_", "GOOGLE_"].into_iter().filter(|vendor| !named.starts_with(vendor));
            assert!(
                said.contains(named) && others.into_iter().all(|vendor| !said.contains(vendor)),
                "{said}"
            );
        }
        let denied =
            answer("<Error><Code>AuthenticationRequired</Code><Message>No.</Message></Error>").unwrap();
        assert!(denied.contains(google), "{denied}");
    }
}
