//! Callers from outside, and those who are only about to get credentials.

use super::agents;
use super::call::{Call, Moment};
use super::callers::Caller;
use super::identity::Identity;
use super::names::OTHER_ACCOUNTS;
use super::random::{Dice, mix};
use super::text::{push_base32, push_base64, push_digits, push_hex, push_random_guid, text};

impl<'a> Moment<'a> {
    pub(super) fn other_account(&self, dice: &mut Dice) -> Call<'a> {
        let mut call = self.person_at_large(dice);
        let mut id = b"AROA".to_vec();
        // A few dozen strangers.
        push_base32(&mut id, mix(&[dice.below(40)]), 17);
        id.extend_from_slice(b":");
        id.extend_from_slice(if dice.chance(5000) { b"data-export" } else { b"partner-sync" });
        call.identity = Identity {
            kind: Some("AWSAccount"),
            principal_id: Some(text(id).into()),
            account: Some(*dice.pick(&OTHER_ACCOUNTS)),
            ..Identity::default()
        };
        call.agent = Some(*self.one_of(agents::SDK));
        call.shared = true;
        call
    }

    pub(super) fn assertion(&self, saml: bool, dice: &mut Dice) -> Call<'a> {
        let own = &self.world.principals[self.account];
        let account = self.account_id();
        let mut call = self.person_at_large(dice);
        if saml {
            let person = self.one_of(&own.people);
            let email = person.session(self.second, self.region).name;
            call.identity = Identity {
                kind: Some("SAMLUser"),
                principal_id: Some(format!("ZkBcXTfWSmVZlb4Zrx9dsQ0aWmA=:{email}").into()),
                user_name: Some(email.into()),
                identity_provider: Some("ZkBcXTfWSmVZlb4Zrx9dsQ0aWmA=".to_owned()),
                ..Identity::default()
            };
        } else {
            let pipeline = self.one_of(&own.pipelines);
            let provider =
                format!("arn:aws:iam::{account}:oidc-provider/token.actions.githubusercontent.com");
            let user = format!("repo:larkspur/{}:ref:refs/heads/main", pipeline.name);
            call.agent = Some(pipeline.agents[0]);
            call.identity = Identity {
                kind: Some("WebIdentityUser"),
                principal_id: Some(format!("{provider}:sts.amazonaws.com:{user}").into()),
                user_name: Some(user.into()),
                identity_provider: Some(provider),
                ..Identity::default()
            };
        }
        call
    }

    pub(super) fn directory_user(&self, caller: Caller, dice: &mut Dice) -> Call<'a> {
        let account = self.account_id();
        let own = &self.world.principals[self.account];
        let email = self.one_of(&own.people).session(self.second, self.region).name;
        let mut call = self.person_at_large(dice);
        let mut id = Vec::new();
        call.identity.account = Some(account);
        match caller {
            Caller::IdentityCenter => {
                push_random_guid(&mut id, dice);
                call.identity.kind = Some("IdentityCenterUser");
                let store = format!("arn:aws:identitystore::{account}:identitystore/d-90660f3e4a");
                call.identity.on_behalf_of = Some((text(id), store));
                let mut credential = Vec::new();
                push_base64(&mut credential, 56, dice);
                call.identity.credential_id = Some(text(credential));
            }
            Caller::Directory => {
                id.extend_from_slice(b"d-90660f3e4a:S-1-5-21-");
                push_digits(&mut id, 10, dice);
                call.identity.kind = Some("Directory");
                call.identity.principal_id = Some(text(id).into());
                call.identity.user_name = Some(email.into());
            }
            _ => {
                push_hex(&mut id, u128::from(dice.bits()), 10);
                call.identity.kind = Some("Unknown");
                call.identity.principal_id = Some(format!("90660f3e4a-{}", text(id)).into());
                call.identity.user_name = Some(email.into());
            }
        }
        call
    }

    pub(super) fn sign_in(&self, caller: Caller, dice: &mut Dice) -> Call<'a> {
        let own = &self.world.principals[self.account];
        let mut call = self.person_at_large(dice);
        call.identity = match caller {
            Caller::SignInRoot => self.root_identity(),
            Caller::SignInRole => {
                let person = self.one_of(&own.people);
                let session = person.session(self.second, self.region);
                self.assumed(person, &session)
            }
            Caller::SignInHidden => Identity {
                kind: Some("IAMUser"),
                account: Some(self.account_id()),
                access_key: Some("".into()),
                user_name: Some("HIDDEN_DUE_TO_SECURITY_REASONS".into()),
                ..Identity::default()
            },
            _ => self.user_identity(self.one_of(&own.users)),
        };
        call
    }
}
