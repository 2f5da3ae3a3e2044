{-# LANGUAGE OverloadedStrings #-}

-- | Why a call gave no answer.
module Owt.Error
  ( OwtError (..),
    Problem (..),
    PythonException (..),
    traceback,
  )
where

import Control.Exception (Exception)
import Data.Aeson (FromJSON (..), withObject, (.!=), (.:?))
import Data.ByteString (ByteString)
import Data.Text (Text)
import qualified Data.Text as Text
import qualified Data.Text.Encoding as Text
import qualified Data.Text.Encoding.Error as Text
import Network.HTTP.Client (HttpExceptionContent)

-- | Thrown by whatever calls. No password, code or argument of the call is in its text.
data OwtError
  = -- | The server's own words: it refused the call, or the adaptor raised.
    OwtProblem Problem
  | -- | The adaptor answered with this status, 400 or above, and this body.
    OwtFailure Int ByteString
  | -- | The answer came whole, but is not what was asked for.
    OwtUnreadable Text
  | -- | Nobody answered, or the connection broke before the answer was whole.
    OwtTransport HttpExceptionContent
  | -- | The call cannot be sent like this; nothing was.
    OwtUsage Text

-- | For people, with the adaptor's traceback: an uncaught exception is printed by this.
instance Show OwtError where
  showsPrec _ failure = showString . Text.unpack $ case failure of
    OwtProblem problem -> describe problem
    OwtFailure status body -> "the adaptor answered " <> shown status <> ": " <> lenient body
    OwtUnreadable what -> what
    OwtTransport content -> "no answer, or not all of it: " <> shown content
    OwtUsage what -> what

instance Exception OwtError

-- | A problem document (RFC 9457).
data Problem = Problem
  { -- | A page of the server about this sort of problem.
    problemType :: Text,
    problemTitle :: Text,
    -- | The HTTP status.
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
    problemRetryAfter :: Maybe Double
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

instance FromJSON Problem where
  parseJSON = withObject "problem" $ \fields ->
    Problem
      <$> fields .:? "type" .!= "about:blank"
      <*> fields .:? "title" .!= ""
      <*> fields .:? "status" .!= 0
      <*> fields .:? "detail" .!= ""
      <*> fields .:? "field"
      <*> fields .:? "line"
      <*> fields .:? "request_id"
      <*> fields .:? "exception"
      <*> fields .:? "retry_after"

instance FromJSON PythonException where
  parseJSON = withObject "exception" $ \fields ->
    PythonException
      <$> fields .:? "type" .!= ""
      <*> fields .:? "message" .!= ""
      <*> fields .:? "traceback" .!= ""

-- | The adaptor's traceback, if it raised.
traceback :: OwtError -> Maybe Text
traceback (OwtProblem problem) = exceptionTraceback <$> problemException problem
traceback _ = Nothing

describe :: Problem -> Text
describe problem =
  Text.intercalate "\n\n" . filter (not . Text.null) $
    [ problemTitle problem <> " (" <> shown (problemStatus problem) <> "): " <> problemDetail problem,
      maybe "" (Text.stripEnd . exceptionTraceback) (problemException problem)
    ]

shown :: Show a => a -> Text
shown = Text.pack . show

lenient :: ByteString -> Text
lenient = Text.decodeUtf8With Text.lenientDecode
