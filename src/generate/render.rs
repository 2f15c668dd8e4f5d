//! Templates filled in for one event.

use super::ids::{IDS, push_id};
use super::names::{ACCOUNTS, NAMES, OTHER_ACCOUNTS, REGIONS};
use super::principals::Principal;
use super::random::{Dice, mix};
use super::template::{Alphabet, Own, Piece, Target, Template, TimeForm, Value};
use super::text::{
    self, push_base64, push_date, push_digits, push_int, push_iso, push_localised, push_random_guid,
    push_random_hex, push_upper,
};
use super::world::World;

/// Resources of a kind that are in use in the minutes an object covers.
const IN_USE: u64 = 4;

/// What the parameters of one event refer to.
pub(super) struct Scene<'a> {
    pub(super) world: &'a World,
    pub(super) account: usize,
    pub(super) region: usize,
    pub(super) second: i64,
    pub(super) service: &'a str,
    pub(super) action: &'a str,
    pub(super) caller_arn: &'a str,
    pub(super) caller_id: &'a str,
    pub(super) address: &'a str,
    pub(super) cipher: &'a str,
    /// Which resource of each kind the event is about, once that has been drawn.
    pub(super) chosen: [Option<u16>; NAMES.len() + IDS.len()],
    /// Stands for the object the event lies in, which is about a few resources of each kind.
    pub(super) set: u64,
    /// Which role an STS event is about.
    pub(super) target: Option<&'a Principal>,
}

impl Scene<'_> {
    /// Appends the template with its values.
    pub(super) fn render(&mut self, out: &mut Vec<u8>, template: &Template, dice: &mut Dice) {
        self.pieces(out, &template.pieces, dice);
    }

    fn pieces(&mut self, out: &mut Vec<u8>, pieces: &[Piece], dice: &mut Dice) {
        for piece in pieces {
            match piece {
                Piece::Text(text) => out.extend_from_slice(text.as_bytes()),
                Piece::Value(value) => self.value(out, value, dice),
                Piece::Repeat { low, high, element } => {
                    for round in 0..dice.between(*low, *high) {
                        if round > 0 {
                            out.push(b',');
                        }
                        self.pieces(out, element, dice);
                    }
                }
            }
        }
    }

    fn value(&mut self, out: &mut Vec<u8>, value: &Value, dice: &mut Dice) {
        match *value {
            Value::Name { kind, fresh } => {
                let index = self.choose(kind, NAMES[kind].per_account, fresh, dice);
                out.extend_from_slice(self.world.names[kind][self.account][index].as_bytes());
            }
            Value::Id { kind, fresh } => {
                let index = self.choose(NAMES.len() + kind, IDS[kind].per_region, fresh, dice);
                let place = (self.account * REGIONS.len() + self.region) as u64;
                push_id(out, self.world.seed, kind, place, index as u64);
            }
            Value::Int { low, high } => push_int(out, dice.between(low, high)),
            Value::OneOf(ref all) => out.extend_from_slice(dice.pick(all).as_bytes()),
            Value::Characters { alphabet, len } => match alphabet {
                Alphabet::Hex => push_random_hex(out, len, dice),
                Alphabet::Upper => push_upper(out, len, dice),
                Alphabet::Base64 => push_base64(out, len, dice),
                Alphabet::Digits => push_digits(out, len, dice),
            },
            Value::Guid { capitals } => {
                let start = out.len();
                push_random_guid(out, dice);
                if capitals {
                    out[start..].make_ascii_uppercase();
                }
            }
            Value::Time { form, plus } => self.time(out, form, plus, dice),
            Value::Own(own) => self.own(out, own, dice),
            Value::Target(target) => self.target(out, target, dice),
        }
    }

    /// Which resource of a kind: the event's own, or a fresh draw.
    fn choose(&mut self, slot: usize, count: usize, fresh: bool, dice: &mut Dice) -> usize {
        if let Some(index) = self.chosen[slot].filter(|_| !fresh) {
            return usize::from(index);
        }
        let share = mix(&[self.set, slot as u64, dice.below(IN_USE)]);
        let index = self.world.zipf.at_first(count, share);
        if !fresh {
            self.chosen[slot] = Some(index as u16);
        }
        index
    }

    fn time(&self, out: &mut Vec<u8>, form: TimeForm, plus: i64, dice: &mut Dice) {
        let second = self.second + plus;
        match form {
            TimeForm::Millis => {
                push_int(out, second.unsigned_abs() * 1000 + dice.below(1000));
            }
            TimeForm::Seconds => push_int(out, second.unsigned_abs()),
            TimeForm::Iso => push_iso(out, second),
            TimeForm::Date => push_date(out, text::date(second)),
            TimeForm::Localised => push_localised(out, second),
        }
    }

    fn own(&self, out: &mut Vec<u8>, own: Own, dice: &mut Dice) {
        let text = match own {
            Own::Account => ACCOUNTS[self.account].id,
            Own::OtherAccount => dice.pick(&OTHER_ACCOUNTS),
            Own::Region | Own::Zone => REGIONS[self.region].name,
            Own::Environment => ACCOUNTS[self.account].environment,
            Own::Service => self.service,
            Own::Action => self.action,
            Own::CallerArn => self.caller_arn,
            Own::CallerId => self.caller_id,
            Own::Address => self.address,
            Own::Cipher => self.cipher,
        };
        out.extend_from_slice(text.as_bytes());
        if own == Own::Zone {
            out.push(b'a' + dice.below(3) as u8);
        }
    }

    fn target(&mut self, out: &mut Vec<u8>, target: Target, dice: &mut Dice) {
        let own = &self.world.principals[self.account];
        let candidates = match self.action {
            "AssumeRoleWithSAML" => &own.people,
            "AssumeRoleWithWebIdentity" => &own.pipelines,
            _ => &own.workloads,
        };
        let role = *self
            .target
            .get_or_insert_with(|| self.world.popular(candidates, mix(&[self.set, dice.below(IN_USE)])));
        let session = role.session(self.second, self.region);
        let account = ACCOUNTS[self.account].id;
        let text = match target {
            Target::RoleArn => role.arn.clone(),
            Target::RoleName => role.name.clone(),
            Target::RoleId => role.id.clone(),
            Target::SessionArn => {
                format!("arn:aws:sts::{account}:assumed-role/{}/{}", role.name, session.name)
            }
            Target::SessionName => session.name,
            Target::AccessKey => session.key,
        };
        out.extend_from_slice(text.as_bytes());
    }
}
