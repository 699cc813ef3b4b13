//! The server's tests: one binary, the real parts.

mod store;
