//! `trailhouse rejects`

mod excerpt;
mod list;
mod retry;
mod show;

use crate::cli::{RejectsAction, RejectsArgs, RejectsFilter};
use crate::dataset::{Dataset, Selection};
use crate::error::{Error, Exit};

pub(super) async fn run(args: RejectsArgs) -> Result<Exit, Error> {
    let dataset = Dataset::open(&args.dataset)?;
    match args.action {
        RejectsAction::List(args) => list::run(&dataset, args).await,
        RejectsAction::Show(args) => show::run(&dataset, args).await,
        RejectsAction::Retry(args) => retry::run(&dataset, args).await,
    }
}

fn selection(filter: RejectsFilter) -> Selection {
    Selection { reasons: filter.reasons, objects: filter.objects, ids: Vec::new() }
}
