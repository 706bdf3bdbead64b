//! What a company has chosen once for all: its emergency plan, how long things are kept, what is masked, who is asked for work.

use infra::database::StoreError;
use infra::validate::Invalid;
use infra::{Fault, FieldFault, Kind};

/// What can go wrong with a choice.
#[derive(Debug, thiserror::Error)]
pub enum ChoiceError {
    /// Fields were refused.
    #[error(transparent)]
    Invalid(#[from] Invalid),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Fault for ChoiceError {
    fn kind(&self) -> Kind {
        match self {
            Self::Invalid(error) => error.kind(),
            Self::Store(error) => error.kind(),
        }
    }
    fn code(&self) -> &'static str {
        match self {
            Self::Invalid(error) => error.code(),
            Self::Store(error) => error.code(),
        }
    }
    fn fields(&self) -> Vec<FieldFault> {
        match self {
            Self::Invalid(error) => error.fields(),
            Self::Store(_) => Vec::new(),
        }
    }
}
