//! The names of a dataset: the table `events`, and the views over it.

use std::sync::{Arc, Weak};

use async_trait::async_trait;
use datafusion::catalog::{MemorySchemaProvider, SchemaProvider, TableProvider};
use datafusion::common::{Result, plan_err};
use datafusion::datasource::ViewTable;
use datafusion::execution::SessionState;
use parking_lot::RwLock;

use super::views::views;

/// Tables and views of one dataset.
#[derive(Debug)]
pub(super) struct EventSchema {
    /// Its own name.
    name: String,
    /// What is there already: `events`, views that were asked for, and what statements created.
    tables: MemorySchemaProvider,
    /// A view goes by its usual name, or by another.
    aliases: Vec<(String, String)>,
    /// Where views are planned.
    state: Weak<RwLock<SessionState>>,
}

impl EventSchema {
    pub(super) fn new(name: &str, aliases: Vec<(String, String)>, state: Weak<RwLock<SessionState>>) -> Self {
        Self { name: name.to_owned(), tables: MemorySchemaProvider::new(), aliases, state }
    }

    fn view(&self, name: &str) -> Option<&'static str> {
        let usual = self.aliases.iter().find(|(alias, _)| alias == name).map_or(name, |(_, usual)| usual);
        views().get(usual).map(|view| view.sql.as_str())
    }
}

#[async_trait]
impl SchemaProvider for EventSchema {
    fn table_names(&self) -> Vec<String> {
        let mut names = self.tables.table_names();
        names.extend(views().keys().cloned());
        names.extend(self.aliases.iter().map(|(alias, _)| alias.clone()));
        names.sort();
        names.dedup();
        names
    }

    async fn table(&self, name: &str) -> Result<Option<Arc<dyn TableProvider>>> {
        if let Some(table) = self.tables.table(name).await? {
            return Ok(Some(table));
        }
        let Some(sql) = self.view(name) else { return Ok(None) };
        let Some(state) = self.state.upgrade() else { return plan_err!("the session is gone") };
        let mut state = state.read().clone();
        // `events` is this dataset's.
        state.config_mut().options_mut().catalog.default_schema = self.name.clone();
        let plan = state.create_logical_plan(sql).await?;
        let view: Arc<dyn TableProvider> = Arc::new(ViewTable::new(plan, Some(sql.to_owned())));
        self.tables.register_table(name.to_owned(), view.clone())?;
        Ok(Some(view))
    }

    fn register_table(
        &self,
        name: String,
        table: Arc<dyn TableProvider>,
    ) -> Result<Option<Arc<dyn TableProvider>>> {
        self.tables.register_table(name, table)
    }

    fn deregister_table(&self, name: &str) -> Result<Option<Arc<dyn TableProvider>>> {
        self.tables.deregister_table(name)
    }

    fn table_exist(&self, name: &str) -> bool {
        self.tables.table_exist(name) || self.view(name).is_some()
    }
}
