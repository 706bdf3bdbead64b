//! The second door: one statement for several companies in one transaction, each part under its own company's role and schema.
//!
//! [`crate::Scope::begin`] takes a connection, asks and waits for each answer. A lane has a connection of its own, sends a whole
//! transaction at once, and carries what many companies write at the same moment in one COMMIT. The fence is the same: before
//! each part its role and its schema are set, and the statement itself names that schema.
//!
//! What must be absent: any way to run a part outside its company's role, and any statement about `shared`.

use std::time::Duration;

use infra::database::{Part, Pipeline, PipelineOptions, PipelineRow, StoreError, Value};

use crate::scope::Tenant;

/// How long a lane's connection lives: what its backend has learnt of many companies goes with it.
const LIFETIME: Duration = Duration::from_mins(20);

/// A lane lets nobody wait behind a table that is being migrated.
const PATIENCE: &str = "SET LOCAL lock_timeout = '200ms'";
const RELAXED: &str = "SET LOCAL lock_timeout = '200ms'; SET LOCAL synchronous_commit = off";

/// One connection that writes whole transactions of one statement.
pub struct Lane {
    pipeline: Pipeline,
    statement: &'static str,
    stage: &'static str,
}

/// What one company writes in a transaction of a lane.
pub struct LanePart {
    /// Whose.
    pub tenant: Tenant,
    /// The values of the lane's statement.
    pub values: Vec<Value>,
}

impl Lane {
    /// A lane for one statement, which names its tables as `tenant.…`.
    pub fn new(options: PipelineOptions, statement: &'static str) -> Self {
        Self { pipeline: Pipeline::new(options, LIFETIME), statement, stage: PATIENCE }
    }

    /// The same for what may be lost when the power goes: its COMMIT waits for no disk.
    pub fn relaxed(options: PipelineOptions, statement: &'static str) -> Self {
        Self { stage: RELAXED, ..Self::new(options, statement) }
    }

    /// Connects, if it is not connected.
    pub async fn connect(&mut self) -> Result<(), StoreError> {
        self.pipeline.connect().await
    }

    /// For which part the last transaction was refused, where that is known.
    pub fn refused(&self) -> Option<usize> {
        self.pipeline.refused()
    }

    /// Runs the statement for each company, all or none, and gives each its rows. An error means that nothing was written, or
    /// (when the connection broke during COMMIT) that it is unknown: repeat with the same keys.
    pub async fn write(&mut self, parts: Vec<LanePart>) -> Result<Vec<Vec<PipelineRow>>, StoreError> {
        let parts: Vec<Part> = parts
            .into_iter()
            .enumerate()
            .map(|(place, part)| {
                let account = &part.tenant.account;
                let enter = account.schema.enter();
                // What holds for the whole transaction is said once.
                let preamble = if place == 0 { format!("{enter}; {}", self.stage).into() } else { enter };
                let statement = account.schema.bind(self.statement);
                Part { preamble, key: account.id.uuid().as_u128(), statement, values: part.values }
            })
            .collect();
        self.pipeline.run(&parts).await
    }
}
