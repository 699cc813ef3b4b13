//! The bounds of what a request may be.

/// Largest body of events or of an import's page: 8 MiB (contract.md section 3).
pub const BODY_LIMIT_BYTES: usize = 8 * 1024 * 1024;
/// Largest body of a webhook; the largest orders of real shops have some hundred KiB.
pub const HOOK_LIMIT_BYTES: usize = 2 * 1024 * 1024;
/// Largest body of a form.
pub const FORM_LIMIT_BYTES: usize = 64 * 1024;
/// Largest body where nothing else is said: of a resolution, a channel, a listing.
pub const DEFAULT_LIMIT_BYTES: usize = 1024 * 1024;
/// How long the next bytes of a request's head may take, in milliseconds.
pub const HEAD_TIMEOUT_MS: u64 = 10_000;
/// How long the next bytes of a request's body may take, in milliseconds.
pub const BODY_IDLE_TIMEOUT_MS: u64 = 10_000;
/// How long a whole body may take, in milliseconds: 8 MiB at 1.2 Mbit/s.
pub const BODY_TIMEOUT_MS: u64 = 60_000;
/// How long requests that have begun may take to end after the server was told to stop, in
/// milliseconds.
pub const DRAIN_TIMEOUT_MS: u64 = 5_000;
