//! responder tests
