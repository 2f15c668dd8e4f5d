//! How often a store is asked the same again, and after which answers.
//!
//! The stores ask again by themselves when a request is throttled, refused by a server in trouble, or not answered. What they
//! do not ask again for is what an answer said that broke off: [`Attempts`] is for whoever can ask for it once more.

use std::time::Duration;

use object_store::Error;
use object_store::client::HttpError;
use tokio::time::Instant;

/// How often it is asked again, and how long is waited before the first time; twice as long before each further one.
const ATTEMPTS: u32 = 5;
const WAIT: Duration = Duration::from_millis(100);

/// Nothing is asked again that has taken so long: as long as the stores themselves ask for.
const PATIENCE: Duration = Duration::from_secs(180);

/// The attempts at one request.
#[derive(Debug)]
pub(super) struct Attempts {
    made: u32,
    since: Instant,
}

impl Attempts {
    /// None yet.
    pub(super) fn new() -> Self {
        Self { made: 0, since: Instant::now() }
    }

    /// Waits before the next attempt, if there is to be one after this error.
    pub(super) async fn may_go_on(&mut self, error: &Error) -> bool {
        if self.made >= ATTEMPTS || self.since.elapsed() >= PATIENCE || !broke_off(error) {
            return false;
        }
        tracing::info!(%error, "asking again");
        tokio::time::sleep(WAIT * 2_u32.pow(self.made)).await;
        self.made += 1;
        true
    }
}

/// Whether an answer began and broke off, and has not been asked for again as often as the store does.
pub(super) fn broke_off(error: &Error) -> bool {
    let mut causes = std::iter::successors(Some(error as &dyn std::error::Error), |cause| cause.source());
    causes.any(<dyn std::error::Error + 'static>::is::<HttpError>) && !is_exhausted(&error.to_string())
}

/// Whether a message says that the store has asked as often as it does: `after 10 retries, max_retries: 10, `. It also says
/// how often it has asked if it was then answered, and that answer broke off, which it does not ask for again.
fn is_exhausted(message: &str) -> bool {
    let retries = message.split_once(" retries, max_retries: ").and_then(|(before, behind)| {
        let made = before.rsplit(' ').next()?;
        let most = behind.split(',').next()?;
        Some((made.parse::<u64>().ok()?, most.parse::<u64>().ok()?))
    });
    retries.is_some_and(|(made, most)| made >= most)
}

#[cfg(test)]
mod tests {
    use object_store::client::HttpErrorKind;

    use super::*;

    /// As the stores put it.
    #[derive(Debug, thiserror::Error)]
    #[error("Error performing GET http://127.0.0.1:9/b/a, after all in 3.1s{retries} - {source}")]
    struct RetryError {
        retries: &'static str,
        source: HttpError,
    }

    fn error(retries: &'static str) -> Error {
        let cut = std::io::Error::other("end of file before message length reached");
        let source = HttpError::new(HttpErrorKind::Decode, cut);
        Error::Generic { store: "GCS", source: Box::new(RetryError { retries, source }) }
    }

    const ONCE: &str = ", after 1 retries, max_retries: 10, retry_timeout: 180s ";
    const AS_OFTEN_AS_IT_DOES: &str = ", after 10 retries, max_retries: 10, retry_timeout: 180s ";

    #[test]
    fn answers_that_break_off_are_told_from_requests_that_were_given_up() {
        assert!(broke_off(&error("")));
        assert!(broke_off(&error(ONCE)));
        assert!(!broke_off(&error(AS_OFTEN_AS_IT_DOES)));
        let refused = std::io::Error::other("404 Not Found");
        assert!(!broke_off(&Error::NotFound { path: "a".to_owned(), source: refused.into() }));
    }

    #[tokio::test]
    async fn attempts_come_to_an_end() {
        assert!(Attempts::new().may_go_on(&error(ONCE)).await);
        let often = Attempts { made: ATTEMPTS, ..Attempts::new() };
        let long = Attempts { since: Instant::now().checked_sub(PATIENCE).unwrap(), ..Attempts::new() };
        for mut attempts in [often, long] {
            assert!(!attempts.may_go_on(&error("")).await);
        }
    }
}
