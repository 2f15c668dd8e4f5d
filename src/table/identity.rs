//! Derived columns: who called, with which credentials, and was it another AWS service?
//!
//! These are the questions AWS's own pages put to
//! [`userIdentity`](https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-user-identity.html).
//! No single field answers any of them: a type of `IAMUser` may come with a temporary key, service events have no
//! type, and `invokedBy` stands beside a person's type. So they are answered here once, for every reader.
//! Key prefixes: [IAM identifiers](https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-unique-ids).

use super::column::id;
use super::row::{Cell, Row};
use crate::decode::value::Value;

/// Sets the derived columns from the fields already in `row`.
pub(super) fn derive(row: &mut Row<'_>) {
    let principal = principal_kind(row);
    let credential = credential_type(row, principal);
    let call = service_call_kind(row, principal);
    let federated = matches!(principal, "federated_user" | "saml_user" | "web_identity_user")
        || row.is_given(id::WEB_ID_FEDERATED_PROVIDER);
    let role_session = matches!(principal, "assumed_role" | "role")
        || row.filled_text(id::SESSION_ISSUER_TYPE) == Some("Role");
    let conflict = credential == "temporary" && key_prefix(row) == "AKIA";
    let cross_account = is_cross_account(row);
    let error = is_error(row);

    row.set_text(id::PRINCIPAL_KIND, principal);
    row.set_text(id::CREDENTIAL_TYPE, credential);
    row.set_text(id::SERVICE_CALL_KIND, call);
    for (column, truth) in [
        (id::IS_ROOT, principal == "root"),
        (id::IS_IAM_USER, principal == "iam_user"),
        (id::IS_TEMPORARY_CREDENTIALS, credential == "temporary"),
        (id::IS_ROLE_SESSION, role_session),
        (id::IS_FEDERATED, federated),
        (id::IS_AWS_SERVICE, call != "none"),
        (id::CREDENTIAL_CONFLICT, conflict),
        (id::IS_ERROR, error),
    ] {
        row.set(column, Cell::Boolean(truth));
    }
    if let Some(truth) = cross_account {
        row.set(id::IS_CROSS_ACCOUNT, Cell::Boolean(truth));
    }
}

fn principal_kind(row: &Row<'_>) -> &'static str {
    let event_type = row.text(id::EVENT_TYPE);
    if matches!(event_type, Some("AwsCloudTrailInsight" | "AwsAggregatedEvent")) {
        return "none";
    }
    match row.filled_text(id::USER_IDENTITY_TYPE) {
        Some("Root") => "root",
        Some("IAMUser") => "iam_user",
        Some("AssumedRole") => "assumed_role",
        Some("Role") => "role",
        Some("FederatedUser") => "federated_user",
        Some("SAMLUser") => "saml_user",
        Some("WebIdentityUser") => "web_identity_user",
        Some("IdentityCenterUser") => "identity_center_user",
        Some("Directory") => "directory",
        Some("AWSAccount") => "aws_account",
        Some("AWSService") => "aws_service",
        Some("Unknown") => "unknown",
        Some(_) => "other",
        None if row.is_given(id::USER_IDENTITY_TYPE) => "other",
        None if row.is_given(id::USER_IDENTITY_INVOKED_BY) || event_type == Some("AwsServiceEvent") => {
            "aws_service"
        }
        None => "unknown",
    }
}

fn credential_type(row: &Row<'_>, principal: &str) -> &'static str {
    let has_session = [id::SESSION_CREATION_DATE, id::SESSION_ISSUER_TYPE, id::SESSION_ASSUMED_ROOT]
        .iter()
        .any(|column| row.is_given(*column));
    let prefix = key_prefix(row);
    match principal {
        "none" => "none",
        "aws_service" => "service",
        _ if principal == "identity_center_user" || row.is_given(id::USER_IDENTITY_CREDENTIAL_ID) => {
            "bearer_token"
        }
        "saml_user" | "web_identity_user" => "assertion",
        "assumed_role" | "federated_user" => "temporary",
        _ if prefix == "ASIA" || has_session => "temporary",
        _ if prefix == "AKIA" => "long_term",
        _ if matches!(row.text(id::EVENT_TYPE), Some("AwsConsoleSignIn" | "AwsConsoleSignin")) => "sign_in",
        _ => "unknown",
    }
}

fn key_prefix<'r>(row: &'r Row<'_>) -> &'r str {
    row.text(id::USER_IDENTITY_ACCESS_KEY_ID).and_then(|key| key.get(..4)).unwrap_or_default()
}

fn service_call_kind(row: &Row<'_>, principal: &str) -> &'static str {
    if row.text(id::EVENT_TYPE) == Some("AwsServiceEvent") {
        return "service_event";
    }
    if principal == "aws_service" {
        return "service_principal";
    }
    // What the console used to write for its own calls.
    let by_console = row.text(id::USER_IDENTITY_INVOKED_BY) == Some("signin.amazonaws.com");
    if row.is_given(id::USER_IDENTITY_INVOKED_BY) && !by_console { "on_behalf_of" } else { "none" }
}

/// `None` unless both accounts are known.
fn is_cross_account(row: &Row<'_>) -> Option<bool> {
    let caller = row.filled_text(id::USER_IDENTITY_ACCOUNT_ID)?;
    let recipient = row.filled_text(id::RECIPIENT_ACCOUNT_ID)?;
    Some(caller != recipient)
}

/// Failed console sign-ins say so in the response alone.
fn is_error(row: &Row<'_>) -> bool {
    row.is_given(id::ERROR_CODE)
        || row.is_given(id::ERROR_MESSAGE)
        || row.text(id::RESPONSE_ELEMENTS).is_some_and(|response| {
            memchr::memmem::find(response.as_bytes(), b"\"ConsoleLogin\"").is_some()
                && Value::parse(response)
                    .ok()
                    .and_then(|response| response.find("ConsoleLogin")?.as_string())
                    .is_some_and(|outcome| outcome.is("Failure"))
        })
}
