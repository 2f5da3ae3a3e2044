//! Issues permits to run code: no call runs without one, and only their issuer gives them.

/// One call may run.
#[derive(Debug)]
pub struct Permit(());

/// Gives permits. An engine comes with one, which cannot be copied: whoever holds it decides what
/// runs.
#[derive(Debug)]
pub struct PermitIssuer(());

impl PermitIssuer {
    pub(super) fn new() -> Self {
        Self(())
    }

    /// Permits one call.
    #[must_use]
    pub fn issue(&self) -> Permit {
        Permit(())
    }
}
