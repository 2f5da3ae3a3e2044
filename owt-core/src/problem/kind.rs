//! Lists the kinds of problems: each one's name, status, title and explanation.

use std::fmt;

macro_rules! catalogue {
    ($($variant:ident, $slug:literal, $status:literal, $title:literal, $explanation:literal;)*) => {
        /// The sorts of failure that owt has a name for.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum ProblemKind {
            $(#[doc = concat!($title, " (", $status, "). ", $explanation)] $variant,)*
        }

        impl ProblemKind {
            /// Every kind, by status.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// The name in the problem's `type`, such as `malformed-call`.
            pub fn slug(self) -> &'static str {
                match self { $(Self::$variant => $slug),* }
            }

            /// The HTTP status.
            pub fn status(self) -> u16 {
                match self { $(Self::$variant => $status),* }
            }

            /// A few words, the same for every problem of this kind.
            pub fn title(self) -> &'static str {
                match self { $(Self::$variant => $title),* }
            }

            /// What has happened and what to do next.
            pub fn explanation(self) -> &'static str {
                match self { $(Self::$variant => $explanation),* }
            }
        }
    };
}

catalogue! {
    MalformedCall, "malformed-call", 400, "The call could not be read",
        "A field of the call is missing or not what it must be; `field` names it. Mend it and send the call again: nothing has run.";
    Unauthenticated, "unauthenticated", 401, "Who are you?",
        "This server asks for a key. Send a name and a password as HTTP basic authentication, or the token that you were given as a bearer token.";
    Forbidden, "forbidden", 403, "Refused at the door",
        "The Host or the Origin of the request is not one that this server lets in. A page of another site cannot call it; a client that is no browser sends no Origin.";
    InsufficientScope, "insufficient-scope", 403, "The key is not for this",
        "The key that came is for the server's own pages that run nothing, such as its health. A call wants a key with the scope `run`, and so do the lists of warm adaptors and of functions, and sending code. Nothing has run.";
    NotFound, "not-found", 404, "Nothing there",
        "No code came with the request, and nothing is kept under this address. Send `code_b64`, or ask for `/` to see what there is.";
    UnknownCode, "unknown-code", 404, "That code is not here",
        "No code of this hash was sent, or it has made way for other code since. Send it again by PUT to /_owt/code; its hash and its addresses are the same then.";
    MethodNotAllowed, "method-not-allowed", 405, "Method not allowed",
        "Code runs by GET and POST only. The Allow header lists what this address answers.";
    NotAcceptable, "not-acceptable", 406, "No such form of the result",
        "The result has none of the forms that Accept, or `format` in the query, asks for. The detail lists those that it has; the call has run.";
    BodyTooSlow, "body-too-slow", 408, "The body came too slowly",
        "The request's body had not arrived when the time for it was over. Nothing has run: send it again.";
    BodyTooLarge, "body-too-large", 413, "The body is too large",
        "The request's body is larger than this server takes. Send less, or start the server with a larger --max-body.";
    UnsupportedType, "unsupported-type", 415, "Content-Type not accepted",
        "A call comes as JSON, as a form, or in the query string with any body as data. Set the Content-Type that the body has.";
    NotRunnable, "not-runnable", 422, "The code is not runnable",
        "The code is no Python, or does not define the function that was asked for. The detail says where; send the mended code.";
    UnreadableArgument, "unreadable-argument", 422, "An argument cannot be read",
        "The body, or a file of the form, is not what the parameter's hint takes, or is damaged. The detail names the parameter and says why; nothing has run.";
    WrongArguments, "wrong-arguments", 422, "Arguments are missing or wrong",
        "The function does not take what was sent: `errors` has an entry for each argument that is missing, unknown or wrong, with its place and why. Nothing has run.";
    TooManyFailures, "too-many-failures", 429, "Too many failures",
        "Too many wrong keys came from this address. None is looked at, right or wrong, until Retry-After has passed.";
    QuotaExceeded, "quota-exceeded", 429, "The quota is used up",
        "The user has as many calls under way, or has sent as many in the last time, as this server lets one have. Nothing of this one has run: send it again after Retry-After.";
    AdaptorRaised, "adaptor-raised", 500, "The adaptor raised an exception",
        "The code was run and failed by itself; `exception` has its type, message and traceback.";
    Unrenderable, "unrenderable", 500, "The result cannot be sent",
        "The adaptor returned a value that owt cannot make a response of. The detail names its type and what would have worked.";
    Internal, "internal", 500, "owt failed",
        "The fault is owt's own, not the code's. Please report it, with the lines that the server's log has for the request.";
    WorkerDied, "worker-died", 502, "The worker died",
        "The Python process that ran the code ended under it: a crash in native code, a kill, no memory left. The detail says how. Another one has taken its place.";
    Busy, "busy", 503, "The server is full",
        "As many calls run and wait as this server takes. Nothing of this one has run: send it again after Retry-After.";
    Draining, "draining", 503, "The server is shutting down",
        "The server finishes what it has and takes nothing new. Nothing of this call has run: send it again after Retry-After, or to another server.";
    AdaptorRefused, "adaptor-refused", 503, "This adaptor is refused for a while",
        "The adaptor killed the Python process that ran it, again and again. It is not run until Retry-After has passed; other code is served. Mend it: other code is another adaptor.";
    AuditUnavailable, "audit-unavailable", 503, "The audit log cannot be written",
        "The server tells of each request in a file, and that cannot be written just now: its disk may be full. Nothing has run: send it again after Retry-After.";
    DeadlinePassed, "deadline-passed", 504, "The deadline has passed",
        "The call was not done within its time and was stopped. Give it a longer `timeout`, or less to do.";
}

impl ProblemKind {
    /// The kind of this name, if there is one.
    pub fn from_slug(slug: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.slug() == slug)
    }

    /// The problem's `type`: a path on the server, where a page explains it.
    pub fn uri(self) -> String {
        format!("/_owt/problems/{}", self.slug())
    }

    /// Whether nothing of such a call has run while the same call may do well later.
    pub fn has_not_run(self) -> bool {
        matches!(self, Self::Busy | Self::Draining | Self::AuditUnavailable | Self::QuotaExceeded)
    }

    /// What an unknown problem of this status is closest to.
    pub(super) fn nearest_to_status(status: u16) -> Self {
        let shared = |kind: &Self| matches!(kind, Self::AdaptorRaised | Self::Unrenderable);
        let same = |kind: &Self| kind.status() == status && !shared(kind);
        match Self::ALL.iter().copied().find(same) {
            Some(kind) => kind,
            None if (400..500).contains(&status) => Self::MalformedCall,
            None => Self::Internal,
        }
    }
}

impl fmt::Display for ProblemKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.slug())
    }
}
