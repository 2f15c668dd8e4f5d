//! Credentials in events, taken out.
//!
//! Calls that hand out credentials log some of them: the `sessionToken` of AssumeRole and GetSessionToken, the
//! `authorizationToken` of a container registry, the tokens of a sign-in. CloudTrail hides what it knows to be secret;
//! these it does not. Whoever may read the table could use them until they expire.

use super::json::{MemberSpan, Scanner, Span};

/// What stands in the place of a secret.
pub const MARKER: &str = "REDACTED";

/// Members whose text is a secret, wherever they stand; upper and lower case make no difference.
const SECRETS: [&str; 11] = [
    "sessiontoken",
    "securitytoken",
    "secretaccesskey",
    "authorizationtoken",
    "accesstoken",
    "refreshtoken",
    "idtoken",
    "signintoken",
    "clientsecret",
    "password",
    "privatekey",
];

/// The event with the text of all secrets replaced by [`MARKER`]; `None` if it holds none. Nothing else is changed:
/// not a blank, not the text of a number.
///
/// ```
/// use trailhouse::decode::redact;
///
/// let event = r#"{"eventName":"AssumeRole","responseElements":{"credentials":{"sessionToken":"IQoJ"}}}"#;
/// let clean = r#"{"eventName":"AssumeRole","responseElements":{"credentials":{"sessionToken":"REDACTED"}}}"#;
/// assert_eq!(redact::redact(event).as_deref(), Some(clean));
/// assert_eq!(redact::redact(clean), None);
/// ```
pub fn redact(event: &str) -> Option<String> {
    let mut secrets = Vec::new();
    find(event.as_bytes(), &mut secrets);
    if secrets.is_empty() {
        return None;
    }
    secrets.sort_by_key(|secret| secret.start);
    let mut clean = String::with_capacity(event.len());
    let mut end = 0;
    for secret in secrets {
        clean.push_str(&event[end..secret.start]);
        clean.push('"');
        clean.push_str(MARKER);
        clean.push('"');
        end = secret.end;
    }
    clean.push_str(&event[end..]);
    Some(clean)
}

/// Where secrets lie in `json`, with their quotes.
fn find(json: &[u8], secrets: &mut Vec<Span>) {
    let mut within = vec![0];
    while let Some(start) = within.pop() {
        let mut scanner = Scanner::at(json, start + 1);
        match json.get(start) {
            Some(b'{') => {
                while let Ok(Some(MemberSpan { name, value, .. })) = scanner.next_member() {
                    match json[value.start] {
                        b'{' | b'[' => within.push(value.start),
                        b'"' if is_secret(&json[name], &json[value.clone()]) => secrets.push(value),
                        _ => {}
                    }
                }
            }
            Some(b'[') => {
                while let Ok(Some(item)) = scanner.next_item() {
                    if matches!(json[item.start], b'{' | b'[') {
                        within.push(item.start);
                    }
                }
            }
            _ => {}
        }
    }
}

/// Whether a member is a secret. CloudTrail's own marker, and ours, need no hiding; an empty text is none.
fn is_secret(name: &[u8], value: &[u8]) -> bool {
    let hidden: [&[u8]; 3] = [b"\"\"", b"\"REDACTED\"", b"\"HIDDEN_DUE_TO_SECURITY_REASONS\""];
    SECRETS.iter().any(|secret| name.eq_ignore_ascii_case(secret.as_bytes())) && !hidden.contains(&value)
}

#[cfg(test)]
mod tests {
    use super::redact;

    #[test]
    fn secrets_are_found_at_any_depth_and_nothing_else_is_touched() {
        let event = r#"{ "a": [ {"SessionToken" : "x\"}y", "n": 1E-5 }, [ {"password":"p"} ] ],
            "responseElements": {"authorizationData":[{"authorizationToken":"QVdT"}], "nextToken":"t"},
            "clientSecret": null, "idToken": "", "accessToken": 5, "secretAccessKey":"HIDDEN_DUE_TO_SECURITY_REASONS" }"#;
        let expected = event
            .replace(r#""x\"}y""#, "\"REDACTED\"")
            .replace(r#""p""#, "\"REDACTED\"")
            .replace(r#""QVdT""#, "\"REDACTED\"");
        assert_eq!(redact(event), Some(expected));
    }

    #[test]
    fn events_without_secrets_are_left_alone() {
        assert_eq!(redact(r#"{"eventName":"ListBuckets","responseElements":null}"#), None);
        assert_eq!(redact("17"), None);
    }
}
