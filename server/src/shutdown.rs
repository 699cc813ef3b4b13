//! The wish to stop, known to every part.

use std::sync::Arc;

use tokio::sync::watch;

/// Says that the server should stop. Clones share it; once said, it stays so.
#[derive(Debug, Clone)]
pub struct Shutdown(Arc<watch::Sender<bool>>);

impl Default for Shutdown {
    fn default() -> Self {
        Self(Arc::new(watch::Sender::new(false)))
    }
}

impl Shutdown {
    /// Asks every part to stop.
    pub fn request(&self) {
        self.0.send_replace(true);
    }

    /// Whether the server is to stop.
    pub fn is_requested(&self) -> bool {
        *self.0.borrow()
    }

    /// Waits until the server is to stop.
    pub async fn requested(&self) {
        // The sender is held by `self`, so waiting cannot fail.
        let _ = self.0.subscribe().wait_for(|requested| *requested).await;
    }
}
