//! Callers of the own accounts: roles, users, the root user.

use std::borrow::Cow;

use super::call::{Call, Moment};
use super::identity::{Identity, Issuer, SessionContext};
use super::principals::{Principal, Session, Style};
use super::random::Dice;

impl<'a> Moment<'a> {
    /// A role's session: the bulk of every trail.
    pub(super) fn role_session(&self, principal: &'a Principal, dice: &mut Dice) -> Call<'a> {
        let session = principal.session(self.second, self.region);
        let identity = self.assumed(principal, &session);
        let mut call = self.call_from_home(identity, principal, dice);
        call.identity.access_key = Some(session.key.into());
        if let Style::Person { .. } = principal.style {
            self.through_console(&mut call, dice);
        }
        self.forward(&mut call, dice);
        call
    }

    pub(super) fn assumed(&self, principal: &'a Principal, session: &Session) -> Identity<'a> {
        let account = self.account_id();
        let provider = match principal.style {
            Style::Pod => {
                format!("arn:aws:iam::{account}:oidc-provider/oidc.eks.us-east-1.amazonaws.com/id/8F3A1C5E")
                    .into()
            }
            Style::Pipeline => {
                format!("arn:aws:iam::{account}:oidc-provider/token.actions.githubusercontent.com").into()
            }
            // An app's users, signed in with Amazon; few roles serve those.
            Style::Lambda if principal.id.ends_with('Q') => "www.amazon.com".into(),
            _ => Cow::Borrowed(""),
        };
        Identity {
            kind: Some("AssumedRole"),
            principal_id: Some(format!("{}:{}", principal.id, session.name).into()),
            arn: Some(
                format!("arn:aws:sts::{account}:assumed-role/{}/{}", principal.name, session.name).into(),
            ),
            account: Some(account),
            session: Some(SessionContext {
                issuer: Issuer::Role(principal, account),
                web: (!self.modern || !provider.is_empty()).then_some(provider),
                created: Some(session.created),
                // Half of the people, for good.
                mfa: matches!(principal.style, Style::Person { .. })
                    && principal.id.as_bytes().get(8).is_some_and(|byte| byte.is_multiple_of(2)),
                role_delivery: (principal.style == Style::Instance).then_some("2.0"),
                source_identity: match &principal.style {
                    // Administrators name themselves when they assume the role.
                    Style::Person { email } if principal.name.contains("Administrator") => Some(email),
                    _ => None,
                },
                assumed_root: false,
            }),
            ..Identity::default()
        }
    }

    pub(super) fn service_linked(&self, principal: &'a Principal, dice: &mut Dice) -> Call<'a> {
        let Style::ServiceLinked { service } = principal.style else {
            return self.role_session(principal, dice);
        };
        let session = principal.session(self.second, self.region);
        let mut call = self.service(service, dice);
        call.identity = self.assumed(principal, &session);
        call.identity.invoked_by = Some(service);
        // Half of these services' records carry the key.
        call.identity.access_key = dice.chance(5000).then_some(session.key.into());
        call.shared = false;
        call
    }

    pub(super) fn user(&self, principal: &'a Principal, dice: &mut Dice) -> Call<'a> {
        let mut call = self.call_from_home(self.user_identity(principal), principal, dice);
        call.identity.access_key = Some(dice.pick::<String>(&principal.keys).as_str().into());
        self.forward(&mut call, dice);
        call
    }

    pub(super) fn user_session(&self, principal: &'a Principal, dice: &mut Dice) -> Call<'a> {
        let session = principal.session(self.second, self.region);
        let mut call = self.user(principal, dice);
        call.identity.access_key = Some(session.key.into());
        call.identity.session = Some(self.plain_session(session.created, true));
        self.through_console(&mut call, dice);
        call
    }

    pub(super) fn user_identity(&self, principal: &'a Principal) -> Identity<'a> {
        Identity {
            kind: Some("IAMUser"),
            principal_id: Some(Cow::Borrowed(&principal.id)),
            arn: Some(Cow::Borrowed(&principal.arn)),
            account: Some(self.account_id()),
            user_name: Some(Cow::Borrowed(&principal.name)),
            ..Identity::default()
        }
    }

    pub(super) fn plain_session(&self, created: i64, mfa: bool) -> SessionContext<'a> {
        SessionContext {
            issuer: if self.modern { Issuer::Absent } else { Issuer::Empty },
            web: (!self.modern).then_some("".into()),
            created: Some(created),
            mfa,
            ..SessionContext::default()
        }
    }

    pub(super) fn federated(&self, principal: &'a Principal, dice: &mut Dice) -> Call<'a> {
        let session = principal.session(self.second, self.region);
        let account = self.account_id();
        let mut call = self.call_from_home(Identity::default(), principal, dice);
        call.identity = Identity {
            kind: Some("FederatedUser"),
            principal_id: Some(format!("{account}:{}", principal.name).into()),
            arn: Some(format!("arn:aws:sts::{account}:federated-user/{}", principal.name).into()),
            account: Some(account),
            access_key: Some(session.key.into()),
            session: Some(SessionContext {
                issuer: Issuer::User(principal, account),
                ..self.plain_session(session.created, false)
            }),
            ..Identity::default()
        };
        call
    }

    pub(super) fn root(&self, assumed: bool, dice: &mut Dice) -> Call<'a> {
        let owner = &self.world.principals[self.account].people[0];
        let session = owner.session(self.second, self.region);
        let mut call = self.person_at_large(dice);
        call.identity = self.root_identity();
        call.identity.access_key = Some(session.key.into());
        let context = self.plain_session(session.created, !assumed);
        call.identity.session = Some(SessionContext { assumed_root: assumed, ..context });
        if !assumed {
            self.through_console(&mut call, dice);
        }
        call
    }

    pub(super) fn root_identity(&self) -> Identity<'a> {
        let account = self.account_id();
        Identity {
            kind: Some("Root"),
            principal_id: Some(account.into()),
            arn: Some(format!("arn:aws:iam::{account}:root").into()),
            account: Some(account),
            ..Identity::default()
        }
    }
}
