{-# LANGUAGE OverloadedStrings #-}

-- | Why a call gave no answer.
module Owt.Error
  ( OwtError (..),
    Problem (..),
    PythonException (..),
    Fault (..),
    traceback,
    errorStatus,
    errorHeaders,
    errorRequestId,
    errorRetryAfter,
    isBusy,
    isNotFound,
    isUnauthenticated,
    isTimeout,
    isUnknownCode,
    hasNotRun,
  )
where

import Control.Exception (Exception)
import Data.Aeson (FromJSON (..), Object, Value, withObject)
import qualified Data.Aeson.KeyMap as KeyMap
import Data.Aeson.Types (Key, parseMaybe)
import Data.ByteString (ByteString)
import qualified Data.ByteString.Char8 as Char8
import Data.Maybe (fromMaybe)
import Data.Text (Text)
import qualified Data.Text as Text
import Network.HTTP.Client (HttpExceptionContent (..))
import Network.HTTP.Types (HeaderName, ResponseHeaders)
import Owt.Utf8 (decodeLenient)
import Text.Read (readMaybe)

-- | Thrown by whatever calls. No password, token, code or argument of the call is in its text.
data OwtError
  = -- | The server's own words: it refused the call, or the adaptor raised. Or somebody else's problem.
    OwtProblem Problem
  | -- | An answer with this status, 400 or above, that is no problem document; its headers and body.
    OwtFailure Int ResponseHeaders ByteString
  | -- | The server at this address sends its callers to that one. No call follows: it would arrive
    -- without its body.
    OwtRedirect Int Text Text
  | -- | The answer came whole, but is not what was asked for.
    OwtUnreadable Text
  | -- | A time limit of this client has passed; says where, and which.
    OwtTimeout Text
  | -- | No connection to this address, or it broke before the answer was whole.
    OwtTransport Text HttpExceptionContent
  | -- | The call cannot be sent like this; nothing was.
    OwtUsage Text

-- | For people, with the adaptor's traceback: an uncaught exception is printed by this.
instance Show OwtError where
  showsPrec _ failure = showString . Text.unpack $ case failure of
    OwtProblem problem -> describe problem
    OwtFailure status _ body -> "the answer was " <> shown status <> colon (Text.take 300 (decodeLenient body))
    OwtRedirect status from to ->
      from <> " answered " <> shown status <> " to " <> to <> ", and calls are not redirected: is the server there?"
    OwtUnreadable what -> what
    OwtTimeout what -> what
    OwtTransport address content -> "no answer from " <> address <> ", or not all of it: " <> shown content
    OwtUsage what -> what
    where
      colon text = if Text.null text then "" else ": " <> text

instance Exception OwtError

-- | A problem document (RFC 9457), with the head of the answer that it was.
data Problem = Problem
  { -- | A page of the server about this sort of problem; @about:blank@ where none came.
    problemType :: Text,
    problemTitle :: Text,
    -- | The HTTP status; within a stream the one that the problem says.
    problemStatus :: Int,
    -- | What happened this time.
    problemDetail :: Text,
    -- | The field of the call that is at fault.
    problemField :: Maybe Text,
    -- | The line of the code, counted from 1: the innermost that raised, or the one that is no Python.
    problemLine :: Maybe Int,
    -- | The request's name in the server's log.
    problemRequestId :: Maybe Text,
    -- | What the adaptor raised.
    problemException :: Maybe PythonException,
    -- | When it is worth trying again, in seconds.
    problemRetryAfter :: Maybe Double,
    -- | What is wrong with each argument of a function that was called by its name.
    problemFaults :: [Fault],
    -- | All members, also those that are none of owt's.
    problemMembers :: Object,
    -- | Empty within a stream.
    problemHeaders :: ResponseHeaders
  }
  deriving (Eq, Show)

-- | What is wrong with one argument.
data Fault = Fault
  { -- | Where it came, or should have come: @query@, @body@ or @path@.
    faultIn :: Text,
    -- | The parameter, or the name that is none.
    faultName :: Text,
    -- | The way to the part at fault: the name, then keys and indices.
    faultPlace :: [Value],
    -- | What is wrong, and what it should be.
    faultMessage :: Text
  }
  deriving (Eq, Show)

-- | An exception that left the adaptor.
data PythonException = PythonException
  { -- | The class, with its module unless that is @builtins@.
    exceptionType :: Text,
    exceptionMessage :: Text,
    -- | As Python prints it, with the adaptor's own lines.
    exceptionTraceback :: Text
  }
  deriving (Eq, Show)

-- | A member of another type than it should have counts as missing (RFC 9457, 3.1).
instance FromJSON Problem where
  parseJSON = withObject "problem" $ \members ->
    pure
      Problem
        { problemType = fromMaybe "about:blank" (member "type" members),
          problemTitle = fromMaybe "" (member "title" members),
          problemStatus = fromMaybe 0 (member "status" members),
          problemDetail = fromMaybe "" (member "detail" members),
          problemField = member "field" members,
          problemLine = member "line" members,
          problemRequestId = member "request_id" members,
          problemException = member "exception" members,
          problemRetryAfter = member "retry_after" members,
          problemFaults = fromMaybe [] (member "errors" members),
          problemMembers = members,
          problemHeaders = []
        }

instance FromJSON PythonException where
  parseJSON = withObject "exception" $ \members ->
    let text name = fromMaybe "" (member name members)
     in pure (PythonException (text "type") (text "message") (text "traceback"))

instance FromJSON Fault where
  parseJSON = withObject "fault" $ \members ->
    let text name = fromMaybe "" (member name members)
     in pure (Fault (text "in") (text "name") (fromMaybe [] (member "place" members)) (text "message"))

member :: FromJSON a => Key -> Object -> Maybe a
member name members = (KeyMap.lookup name members :: Maybe Value) >>= parseMaybe parseJSON

-- | The adaptor's traceback, if it raised.
traceback :: OwtError -> Maybe Text
traceback (OwtProblem problem) = exceptionTraceback <$> problemException problem
traceback _ = Nothing

-- | The status of the answer that is the error.
errorStatus :: OwtError -> Maybe Int
errorStatus failure = case failure of
  OwtProblem problem -> Just (problemStatus problem)
  OwtFailure status _ _ -> Just status
  OwtRedirect status _ _ -> Just status
  _ -> Nothing

-- | The headers of the answer that is the error.
errorHeaders :: OwtError -> ResponseHeaders
errorHeaders failure = case failure of
  OwtProblem problem -> problemHeaders problem
  OwtFailure _ headers _ -> headers
  _ -> []

header :: HeaderName -> OwtError -> Maybe ByteString
header name = lookup name . errorHeaders

-- | The request's name in the server's log.
errorRequestId :: OwtError -> Maybe Text
errorRequestId failure = case failure of
  OwtProblem Problem {problemRequestId = Just name} -> Just name
  _ -> decodeLenient <$> header "X-Request-Id" failure

-- | When it is worth trying again, in seconds.
errorRetryAfter :: OwtError -> Maybe Double
errorRetryAfter failure = case failure of
  OwtProblem Problem {problemRetryAfter = Just seconds} -> Just seconds
  _ -> header "Retry-After" failure >>= readMaybe . Char8.unpack

-- | Whether the server takes no more for now (429, 503).
isBusy :: OwtError -> Bool
isBusy failure = errorStatus failure `elem` [Just 429, Just 503]

-- | Whether there is nothing at that address (404).
isNotFound :: OwtError -> Bool
isNotFound failure = errorStatus failure == Just 404

-- | Whether the key is missing or wrong (401).
isUnauthenticated :: OwtError -> Bool
isUnauthenticated failure = errorStatus failure == Just 401

-- | Whether time ran out: a limit of this client, or the call's deadline (504).
isTimeout :: OwtError -> Bool
isTimeout (OwtTimeout _) = True
isTimeout failure = errorStatus failure == Just 504

-- | Whether it is certain that nothing of the call has run and that the same call may do well later:
-- nobody listened, or the server is full, ends, or has a quota that is used up.
hasNotRun :: OwtError -> Bool
hasNotRun failure = case failure of
  OwtTransport _ (ConnectionFailure _) -> True
  OwtProblem problem
    | not (null (problemHeaders problem)) ->
      problemType problem `endsIn` ["busy", "draining", "audit-unavailable", "quota-exceeded"]
  _ -> False

-- | Whether the server has the code no more that was called by its hash. Nothing has run.
isUnknownCode :: OwtError -> Bool
isUnknownCode (OwtProblem problem) = errorStatus (OwtProblem problem) == Just 404 && problemType problem `endsIn` ["unknown-code"]
isUnknownCode _ = False

endsIn :: Text -> [Text] -> Bool
endsIn uri = any (\slug -> ("/_owt/problems/" <> slug) `Text.isSuffixOf` uri)

describe :: Problem -> Text
describe problem =
  Text.intercalate "\n\n" . filter (not . Text.null) $
    [ headline <> (if Text.null detail then "" else ": " <> detail),
      maybe "" (Text.stripEnd . exceptionTraceback) (problemException problem)
    ]
  where
    detail = problemDetail problem
    status = shown (problemStatus problem)
    headline
      | Text.null (problemTitle problem) = "status " <> status
      | otherwise = problemTitle problem <> " (" <> status <> ")"

shown :: Show a => a -> Text
shown = Text.pack . show
