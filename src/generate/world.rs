//! Everything that outlives one event: what is called how, who there is, what can happen.

use super::addresses::Addresses;
use super::catalog::Catalog;
use super::names::{self, ACCOUNTS, NAMES};
use super::principals::Principals;
use super::random::{Dice, Purpose, Weighted};

/// The made-up organisation of one seed.
pub(super) struct World {
    pub(super) seed: u64,
    /// Names of resources by kind, account and popularity.
    pub(super) names: Vec<Vec<Vec<String>>>,
    /// Principals by account.
    pub(super) principals: Vec<Principals>,
    pub(super) addresses: Addresses,
    pub(super) catalog: Catalog,
    /// Popularity of whatever there are several of.
    pub(super) zipf: Weighted,
}

/// The longest list that is drawn from by popularity: an account's objects.
const MOST: usize = 400;

impl World {
    pub(super) fn new(seed: u64) -> Self {
        let mut dice = Dice::new(seed, Purpose::World, 0);
        let addresses = Addresses::new(&mut dice);
        let accounts = 0..ACCOUNTS.len();
        let principals =
            accounts.clone().map(|account| Principals::new(seed, account, &addresses, &mut dice)).collect();
        let names_of = |kind: usize, account: usize| {
            (0..NAMES[kind].per_account)
                .map(move |index| names::resource_name(seed, kind, account, index))
                .collect()
        };
        let names = (0..NAMES.len())
            .map(|kind| accounts.clone().map(|account| names_of(kind, account)).collect())
            .collect();
        Self { seed, names, principals, addresses, catalog: Catalog::embedded(), zipf: Weighted::zipf(MOST) }
    }

    /// The one of `all` at `share` / 2^64 of their popularity, which falls from first to last.
    pub(super) fn popular<'a, T>(&self, all: &'a [T], share: u64) -> &'a T {
        &all[self.zipf.at_first(all.len(), share)]
    }
}
