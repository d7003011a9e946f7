//! Why a figure could not be measured: a sentence for whoever runs the bench.

/// What a step gives, or why it does not.
pub type Outcome<T> = Result<T, Failure>;

/// A failure; there is nothing to be done about it but to read it.
pub type Failure = Box<dyn std::error::Error + Send + Sync>;

/// A failure with words of its own.
pub fn failure(message: impl Into<String>) -> Failure {
    message.into().into()
}
