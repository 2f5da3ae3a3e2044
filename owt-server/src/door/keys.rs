//! Holds who may come in: users with their passwords, and tokens.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use subtle::{Choice, ConditionallySelectable, ConstantTimeEq};

use super::password::{Hash, Password, Slow, sha256};

/// The user whose password is any token, for those who can only send a name and a password.
pub const TOKEN_USER: &str = "token";

/// Characters of a token at least.
const TOKEN_LEAST: usize = 16;

/// Who may come in, and what they show for it. With none, whoever reaches the server may.
#[derive(Clone, Default)]
pub struct Keys {
    users: Vec<User>,
    tokens: Vec<Token>,
}

/// Whoever a key belongs to, by name.
pub(crate) type UserName = Arc<str>;

/// Whom a key lets in, and what for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Holder {
    pub user: UserName,
    pub scope: Scope,
}

/// What a key is good for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Scope {
    /// Those of the server's own pages that run nothing.
    Probe,
    /// Everything.
    #[default]
    Run,
}

#[derive(Clone)]
struct User {
    holder: Holder,
    /// Of the name, so that comparing it tells nothing of its length.
    hash: Hash,
    password: Password,
}

#[derive(Clone)]
struct Token {
    hash: Hash,
    holder: Holder,
}

/// A key that is not taken. None of these tells what was given.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// No colon.
    #[error("wants USER:HASH with a colon between them")]
    Colon,
    /// Nothing before the colon.
    #[error("the user's name is empty")]
    User,
    /// A control character before the colon, which HTTP cannot carry.
    #[error("the user's name holds a control character")]
    UserCharacter,
    /// Two hashes for one user.
    #[error("the user {0:?} is there twice; leave one out")]
    Twice(String),
    /// Neither hash.
    #[error(
        "the part after the colon is neither an argon2id hash, which `owt hash-password` makes, \
         nor a SHA-256 in 64 hexadecimal digits; in a shell, put it between single quotes"
    )]
    Hash,
    /// Not in the PHC format.
    #[error(
        "the part after the colon begins like a hash in the PHC format, but is none \
         ($argon2id$v=19$m=...,t=...,p=...$SALT$HASH); make one with: owt hash-password"
    )]
    Phc,
    /// Another hash than argon2id.
    #[error("only argon2id of version 19 is taken; make such a hash with: owt hash-password")]
    Variant,
    /// An argon2id hash that takes too much to check, or is too short.
    #[error(
        "argon2id is taken with at most 1 GiB (m=1048576), 32 passes (t) and 16 lanes (p), and \
         with 16 to 64 bytes of hash; make such a hash with: owt hash-password"
    )]
    Params,
    /// Too short to be a secret.
    #[error(
        "a token wants at least 16 characters; `auto` makes one (in a file, what stands before a \
         colon is its user's name)"
    )]
    TokenShort,
    /// More colons than a line of a file has parts.
    #[error("a line is TOKEN, NAME:TOKEN or NAME:TOKEN:SCOPE; a token in a file has no colon")]
    TokenColon,
    /// One token for two users, or good for two things.
    #[error(
        "the token of {0:?} is there twice, for different users or scopes; give each their own"
    )]
    TokenTwice(String),
    /// No scope.
    #[error("the scope, after the second colon, is neither `run` nor `probe`")]
    Scope,
    /// Not what fits into a header.
    #[error("a token wants visible ASCII characters only; `auto` makes one")]
    TokenCharacter,
    /// Tokens are also taken as this user's password.
    #[error("where tokens are given, no user can be called `token`: call the user otherwise")]
    TokenUser,
    /// A file with nothing in it.
    #[error("holds no key; leave it out if nobody shall be asked for one")]
    None,
    /// In a text of several lines.
    #[error("line {0}: {1}")]
    Line(usize, #[source] Box<Self>),
}

impl std::fmt::Debug for Keys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let names: Vec<_> = self.users.iter().map(|user| &*user.holder.user).collect();
        f.debug_struct("Keys").field("users", &names).field("tokens", &self.tokens.len()).finish()
    }
}

impl Keys {
    /// True when nobody is asked for a key.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.users.is_empty() && self.tokens.is_empty()
    }

    /// The users' names, in the order they were added.
    pub fn users(&self) -> impl Iterator<Item = &str> {
        self.users.iter().map(|user| &*user.holder.user)
    }

    /// True when a token lets someone in.
    #[must_use]
    pub fn has_tokens(&self) -> bool {
        !self.tokens.is_empty()
    }

    /// Lets a user in: `USER:$argon2id$...` or `USER:SHA256HEX`, and perhaps `:SCOPE`.
    ///
    /// # Errors
    /// The text is not that, or the user is there already.
    pub fn add_user(&mut self, text: &str) -> Result<(), KeyError> {
        let (name, rest) = text.split_once(':').ok_or(KeyError::Colon)?;
        let user = user_name(name)?;
        // Neither kind of hash has a colon.
        let (password, scope) = with_scope(rest);
        let password = Password::read(password)?;
        if self.users().any(|known| known == &*user) {
            return Err(KeyError::Twice(user.to_string()));
        }
        let hash = sha256(name.as_bytes());
        self.users.push(User { holder: Holder { user, scope: scope? }, hash, password });
        self.keep_apart()
    }

    /// Lets in whoever has this token: 16 visible ASCII characters or more. They are the user
    /// [`TOKEN_USER`].
    ///
    /// # Errors
    /// It is not that.
    pub fn add_token(&mut self, token: &str) -> Result<(), KeyError> {
        self.add_token_of(Holder { user: TOKEN_USER.into(), scope: Scope::Run }, token)
    }

    /// Lets in whoever has the token of a file's line: `NAME:TOKEN` and perhaps `:SCOPE`, or `TOKEN`
    /// alone as for [`Keys::add_token`]. A user may have several.
    ///
    /// # Errors
    /// The line is not that, or the token is another user's already.
    pub fn add_named_token(&mut self, line: &str) -> Result<(), KeyError> {
        let Some((name, rest)) = line.split_once(':') else { return self.add_token(line) };
        let (token, scope) = with_scope(rest);
        if token.contains(':') {
            return Err(KeyError::TokenColon);
        }
        let user = user_name(name.trim())?;
        self.add_token_of(Holder { user, scope: scope? }, token)
    }

    fn add_token_of(&mut self, holder: Holder, token: &str) -> Result<(), KeyError> {
        if token.len() < TOKEN_LEAST {
            return Err(KeyError::TokenShort);
        }
        if !token.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(KeyError::TokenCharacter);
        }
        let hash = sha256(token.as_bytes());
        if self.tokens.iter().any(|known| known.hash == hash && known.holder != holder) {
            return Err(KeyError::TokenTwice(holder.user.to_string()));
        }
        self.tokens.push(Token { hash, holder });
        self.keep_apart()
    }

    /// Lets the users of a file in: one on each line, as for [`Keys::add_user`]. Empty lines
    /// and those that begin with `#` are skipped.
    ///
    /// # Errors
    /// A line is not that, or there is none.
    pub fn read_users(&mut self, text: &str) -> Result<(), KeyError> {
        self.read(text, Self::add_user)
    }

    /// Lets in whoever has one of these tokens, one on each line, as for [`Keys::add_token`].
    ///
    /// # Errors
    /// A line is no token, or there is none.
    pub fn read_tokens(&mut self, text: &str) -> Result<(), KeyError> {
        self.read(text, Self::add_token)
    }

    /// Lets in whoever has one of the tokens of a file: one on each line, as for
    /// [`Keys::add_named_token`]. Empty lines and those that begin with `#` are skipped.
    ///
    /// # Errors
    /// A line is not that, or there is none.
    pub fn read_named_tokens(&mut self, text: &str) -> Result<(), KeyError> {
        self.read(text, Self::add_named_token)
    }

    fn read(
        &mut self,
        text: &str,
        add: impl Fn(&mut Self, &str) -> Result<(), KeyError>,
    ) -> Result<(), KeyError> {
        let mut is_empty = true;
        for (number, line) in (1..).zip(text.lines()) {
            let line = line.trim();
            if !line.is_empty() && !line.starts_with('#') {
                add(self, line).map_err(|error| match text.trim_end().contains('\n') {
                    true => KeyError::Line(number, Box::new(error)),
                    false => error,
                })?;
                is_empty = false;
            }
        }
        if is_empty { Err(KeyError::None) } else { Ok(()) }
    }

    fn keep_apart(&self) -> Result<(), KeyError> {
        if self.has_tokens() && self.users().any(|name| name == TOKEN_USER) {
            return Err(KeyError::TokenUser);
        }
        Ok(())
    }

    /// Whom this token lets in. Goes over all of them: where the right one stands does not show.
    pub(super) fn accept_token(&self, token: &[u8]) -> Option<Holder> {
        let token = sha256(token);
        let (mut is_known, mut place) = (Choice::from(0), 0);
        for (index, known) in (0_u64..).zip(&self.tokens) {
            let is_it = token.ct_eq(&known.hash);
            is_known |= is_it;
            place.conditional_assign(&index, is_it);
        }
        let known = usize::try_from(place).ok().and_then(|place| self.tokens.get(place));
        known.filter(|_| is_known.into()).map(|known| known.holder.clone())
    }

    /// Whether that user has that password, or what is left to do to know it. Goes over all
    /// users: one that is not there takes what the others take.
    pub(super) fn check(&self, user: &[u8], password: &[u8]) -> Check {
        let (user, digest) = (sha256(user), sha256(password));
        let (mut right, mut is_slow, mut place) = (Choice::from(0), Choice::from(0), 0);
        // With a hash that is not the user's own the answer is thrown away.
        let mut slow = self.slow().map_or(0, |(index, _)| index);
        for (index, known) in (0_u64..).zip(&self.users) {
            let is_user = user.ct_eq(&known.hash);
            place.conditional_assign(&index, is_user);
            match &known.password {
                Password::Sha256(hash) => right |= is_user & digest.ct_eq(hash),
                Password::Argon2(_) => {
                    is_slow |= is_user;
                    slow.conditional_assign(&index, is_user);
                }
            }
        }
        let at = |place| usize::try_from(place).ok().and_then(|index| self.users.get(index));
        // Somebody's, if nobody has that name: they are let in only by the right password.
        let Some(holder) = at(place).map(|user| user.holder.clone()) else {
            return Check::Done(None);
        };
        match at(slow).map(|user| &user.password) {
            Some(Password::Argon2(hash)) => Check::Slow(SlowCheck {
                holder,
                hash: hash.clone(),
                is_users: is_slow.into(),
                is_right: right.into(),
            }),
            _ => Check::Done(Some(holder).filter(|_| right.into())),
        }
    }

    /// The first argon2 hash, which stands in for that of users who have none.
    fn slow(&self) -> Option<(u64, &Slow)> {
        self.slows().next()
    }

    /// The argon2 hashes, with their users' places.
    fn slows(&self) -> impl Iterator<Item = (u64, &Slow)> {
        (0..).zip(&self.users).filter_map(|(index, user)| match &user.password {
            Password::Argon2(slow) => Some((index, &**slow)),
            Password::Sha256(_) => None,
        })
    }

    /// What whoever runs the server should know of these keys.
    pub(super) fn warnings(&self) -> impl Iterator<Item = &'static str> {
        let is_plain = |user: &User| matches!(user.password, Password::Sha256(_));
        let plain = self.users.iter().any(is_plain).then_some(
            "a password is kept as its SHA-256, which is quick to guess for whoever sees it; \
             `owt hash-password` makes a better hash for --auth and --auth-file",
        );
        let cost = self.slow().map(|(_, slow)| slow.cost());
        let uneven = self.slows().any(|(_, slow)| Some(slow.cost()) != cost).then_some(
            "the users' argon2 hashes differ in their parameters: the time that a wrong password \
             takes can tell who is a user; make them anew with `owt hash-password`",
        );
        plain.into_iter().chain(uneven)
    }
}

/// What is known of a password after the quick part.
pub(super) enum Check {
    /// Whom the password lets in.
    Done(Option<Holder>),
    /// With any argon2 hash among the keys every password costs one argon2.
    Slow(SlowCheck),
}

/// The slow part.
pub(super) struct SlowCheck {
    /// Whom the password lets in, if it is right.
    pub holder: Holder,
    hash: Arc<Slow>,
    /// The hash is that of the user who was named.
    is_users: bool,
    /// Right already, by another kind of hash.
    is_right: bool,
}

impl SlowCheck {
    /// True for the right password.
    ///
    /// # Errors
    /// There is no memory for it.
    pub fn run(&self, password: &[u8]) -> Result<bool, argon2::Error> {
        let verified = self.hash.verify(password)?;
        Ok(self.is_right | (self.is_users & verified))
    }
}

/// The name before a colon.
fn user_name(text: &str) -> Result<UserName, KeyError> {
    if text.is_empty() {
        return Err(KeyError::User);
    }
    if text.contains(char::is_control) {
        return Err(KeyError::UserCharacter);
    }
    Ok(text.into())
}

/// What stands before the scope of a key, and the scope.
fn with_scope(text: &str) -> (&str, Result<Scope, KeyError>) {
    let Some((key, scope)) = text.rsplit_once(':') else { return (text.trim(), Ok(Scope::Run)) };
    let scope = match scope.trim() {
        "run" => Ok(Scope::Run),
        "probe" => Ok(Scope::Probe),
        _ => Err(KeyError::Scope),
    };
    (key.trim(), scope)
}

/// A token nobody can guess: 32 bytes from the system, in base64url.
///
/// # Errors
/// The system has none to give.
pub fn random_token() -> std::io::Result<String> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes)?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}
