//! `userIdentity`: its JSON, and what a converter must derive from it.
//!
//! The derivations follow CloudTrail's documentation of the element; they are computed from the very fields
//! that are written, so that the truth file never says what the log does not. They are spelled out a second time here
//! on purpose: a truth that called the converter's own rules could not find them wrong.

use std::borrow::Cow;

use super::principals::Principal;
use super::text::{push_escaped, push_iso};

/// The fields of a `userIdentity` element. What is `None` is not written.
#[derive(Debug, Default)]
pub(super) struct Identity<'a> {
    /// `type`; service events have none.
    pub(super) kind: Option<&'static str>,
    pub(super) principal_id: Option<Cow<'a, str>>,
    pub(super) arn: Option<Cow<'a, str>>,
    pub(super) account: Option<&'a str>,
    pub(super) access_key: Option<Cow<'a, str>>,
    pub(super) user_name: Option<Cow<'a, str>>,
    pub(super) session: Option<SessionContext<'a>>,
    pub(super) invoked_by: Option<&'a str>,
    pub(super) identity_provider: Option<String>,
    pub(super) credential_id: Option<String>,
    /// `onBehalfOf`: user id and identity store.
    pub(super) on_behalf_of: Option<(String, String)>,
    /// `inScopeOf`: the function whose role this is, and its account.
    pub(super) in_scope_of: Option<(String, &'a str)>,
    /// `invokedByDelegate.accountId`.
    pub(super) delegate: Option<&'a str>,
}

/// `sessionContext`.
#[derive(Debug, Default)]
pub(super) struct SessionContext<'a> {
    pub(super) issuer: Issuer<'a>,
    /// `webIdFederationData`: `Some("")` is written as `{}`.
    pub(super) web: Option<Cow<'a, str>>,
    pub(super) created: Option<i64>,
    pub(super) mfa: bool,
    pub(super) role_delivery: Option<&'static str>,
    pub(super) source_identity: Option<&'a str>,
    pub(super) assumed_root: bool,
}

/// `sessionContext.sessionIssuer`.
#[derive(Debug, Default)]
pub(super) enum Issuer<'a> {
    /// Not written.
    #[default]
    Absent,
    /// Written as `{}`.
    Empty,
    Role(&'a Principal, &'a str),
    User(&'a Principal, &'a str),
}

impl Identity<'_> {
    /// What kind of principal made the call.
    pub(super) fn principal_kind(&self, event_type: &str) -> &'static str {
        match self.kind {
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
            None if filled(self.invoked_by) || event_type == "AwsServiceEvent" => "aws_service",
            None => "unknown",
        }
    }

    /// What kind of credentials it was made with.
    pub(super) fn credential_type(&self, event_type: &str) -> &'static str {
        let key = self.access_key.as_deref().unwrap_or_default();
        match self.principal_kind(event_type) {
            "aws_service" => "service",
            "identity_center_user" => "bearer_token",
            _ if filled(self.credential_id.as_deref()) => "bearer_token",
            "saml_user" | "web_identity_user" => "assertion",
            "assumed_role" | "federated_user" => "temporary",
            _ if key.starts_with("ASIA") || self.session.as_ref().is_some_and(SessionContext::tells) => {
                "temporary"
            }
            _ if key.starts_with("AKIA") => "long_term",
            _ if event_type == "AwsConsoleSignIn" => "sign_in",
            _ => "unknown",
        }
    }

    /// Whether an AWS service made the call, and how.
    pub(super) fn service_call_kind(&self, event_type: &str) -> &'static str {
        match self.invoked_by {
            _ if event_type == "AwsServiceEvent" => "service_event",
            _ if self.principal_kind(event_type) == "aws_service" => "service_principal",
            Some(service) if !service.is_empty() && service != "signin.amazonaws.com" => "on_behalf_of",
            _ => "none",
        }
    }

    /// Appends the JSON object.
    pub(super) fn write(&self, out: &mut Vec<u8>) {
        let mut object = Object::open(out);
        object.text("type", self.kind);
        object.text("principalId", self.principal_id.as_deref());
        object.text("arn", self.arn.as_deref());
        object.text("accountId", self.account);
        object.text("accessKeyId", self.access_key.as_deref());
        object.text("userName", self.user_name.as_deref());
        if let Some(session) = &self.session {
            session.write(object.key("sessionContext"));
        }
        object.text("invokedBy", self.invoked_by);
        object.text("identityProvider", self.identity_provider.as_deref());
        if let Some((user, store)) = &self.on_behalf_of {
            let mut inner = Object::open(object.key("onBehalfOf"));
            inner.text("userId", Some(user));
            inner.text("identityStoreArn", Some(store));
            inner.close();
        }
        object.text("credentialId", self.credential_id.as_deref());
        if let Some((source, account)) = &self.in_scope_of {
            let mut inner = Object::open(object.key("inScopeOf"));
            inner.text("sourceArn", Some(source));
            inner.text("sourceAccount", Some(account));
            inner.text("issuerType", Some("AWS::Lambda::Function"));
            inner.text("credentialsIssuedTo", Some(source));
            inner.close();
        }
        if let Some(account) = self.delegate {
            let mut inner = Object::open(object.key("invokedByDelegate"));
            inner.text("accountId", Some(account));
            inner.close();
        }
        object.close();
    }
}

impl SessionContext<'_> {
    /// Whether the element proves temporary credentials.
    fn tells(&self) -> bool {
        self.created.is_some()
            || matches!(self.issuer, Issuer::Role(..) | Issuer::User(..))
            || self.assumed_root
    }

    fn write(&self, out: &mut Vec<u8>) {
        let mut object = Object::open(out);
        match self.issuer {
            Issuer::Absent => {}
            Issuer::Empty => object.key("sessionIssuer").extend_from_slice(b"{}"),
            Issuer::Role(issuer, account) => {
                write_issuer(object.key("sessionIssuer"), "Role", issuer, account);
            }
            Issuer::User(issuer, account) => {
                write_issuer(object.key("sessionIssuer"), "IAMUser", issuer, account);
            }
        }
        match self.web.as_deref() {
            None => {}
            Some("") => object.key("webIdFederationData").extend_from_slice(b"{}"),
            Some(provider) => {
                let mut inner = Object::open(object.key("webIdFederationData"));
                inner.text("federatedProvider", Some(provider));
                let attributes = inner.key("attributes");
                if provider == "www.amazon.com" {
                    // A map whose keys hold colons and dots.
                    attributes.extend_from_slice(
                        br#"{"www.amazon.com:app_id":"amzn1.application.9f2c7","www.amazon.com:user_id":"amzn1.account.AF2Q"}"#,
                    );
                } else {
                    attributes.extend_from_slice(b"{}");
                }
                inner.close();
            }
        }
        if let Some(created) = self.created {
            let mut inner = Object::open(object.key("attributes"));
            let date = inner.key("creationDate");
            date.push(b'"');
            push_iso(date, created);
            date.push(b'"');
            inner.text("mfaAuthenticated", Some(if self.mfa { "true" } else { "false" }));
            inner.close();
        }
        object.text("sourceIdentity", self.source_identity);
        object.text("ec2RoleDelivery", self.role_delivery);
        object.text("assumedRoot", self.assumed_root.then_some("true"));
        object.close();
    }
}

fn write_issuer(out: &mut Vec<u8>, kind: &str, issuer: &Principal, account: &str) {
    let mut object = Object::open(out);
    object.text("type", Some(kind));
    object.text("principalId", Some(&issuer.id));
    object.text("arn", Some(&issuer.arn));
    object.text("accountId", Some(account));
    object.text("userName", Some(&issuer.name));
    object.close();
}

fn filled(text: Option<&str>) -> bool {
    text.is_some_and(|text| !text.is_empty())
}

/// A JSON object being written, member by member.
pub(super) struct Object<'a> {
    out: &'a mut Vec<u8>,
    empty: bool,
}

impl<'a> Object<'a> {
    pub(super) fn open(out: &'a mut Vec<u8>) -> Self {
        out.push(b'{');
        Self { out, empty: true }
    }

    /// Starts a member; its value is to be appended to what is returned.
    pub(super) fn key(&mut self, key: &str) -> &mut Vec<u8> {
        if !self.empty {
            self.out.push(b',');
        }
        self.empty = false;
        self.out.push(b'"');
        self.out.extend_from_slice(key.as_bytes());
        self.out.extend_from_slice(b"\":");
        self.out
    }

    /// A string member, unless there is no value.
    pub(super) fn text(&mut self, key: &str, value: Option<&str>) {
        if let Some(value) = value {
            let out = self.key(key);
            out.push(b'"');
            push_escaped(out, value);
            out.push(b'"');
        }
    }

    /// A boolean member, unless there is no value.
    pub(super) fn flag(&mut self, key: &str, value: Option<bool>) {
        if let Some(value) = value {
            self.key(key).extend_from_slice(if value { b"true" } else { b"false" });
        }
    }

    pub(super) fn close(self) {
        self.out.push(b'}');
    }
}
