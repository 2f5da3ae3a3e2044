{-# LANGUAGE AllowAmbiguousTypes #-}
{-# LANGUAGE OverloadedStrings #-}
{-# LANGUAGE ScopedTypeVariables #-}
{-# LANGUAGE TypeApplications #-}

-- | Call Python from Haskell: a client for owt, which runs the Python that a request brings.
--
-- > main :: IO ()
-- > main = mkOwtClient "http://localhost:9876/owt" >>= owt @POST "f(sota.hard_task)" "solve AGI" >>= putBS
--
-- with @OverloadedStrings@ and @TypeApplications@. What calls throws 'OwtError'. A call whose thread
-- is ended, or whose stream is left, is cancelled on the server.
module Owt
  ( -- * Clients
    OwtClient,
    mkOwtClient,
    mkOwtClientWith,
    defaultOwtClient,
    withToken,
    withHeaders,
    withIdleTimeout,
    withRetries,
    connectWithin,

    -- * Calls
    owt,
    runOwt,
    owtUrl,
    OwtMethod,
    GET,
    POST,
    OwtResult,
    JsonOrText (..),
    putBS,

    -- * Functions by name
    owtFn,
    function,
    Published,
    publishedHash,
    publish,
    functionOf,

    -- * All that can be said of a call
    Owt (..),
    Function,
    RequestBody (..),
    streamFile,
    Part,
    partBS,
    partFileSource,
    partFileRequestBody,

    -- * Arguments
    Kwargs,
    toKwargs,
    named,
    positional,
    positionalAndNamed,
    python,
    expression,
    noKwargs,
    Python (..),
    toPython,

    -- * Streams
    owtStream,
    runOwtStream,
    owtEvents,
    runOwtEvents,
    jsonLines,
    events,
    Event (..),

    -- * Answers with their heads
    withOwt,
    Answer,
    answerStatus,
    answerHeaders,
    answerBody,
    answerEvents,
    answerRequestId,
    answerTimings,
    readAnswer,

    -- * Errors
    OwtError (..),
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

import Control.Exception (bracket, bracketOnError)
import Control.Monad.IO.Class (MonadIO (..))
import Control.Monad.Trans.Resource (MonadResource)
import Data.ByteString (ByteString)
import qualified Data.ByteString as ByteString
import Data.Conduit (ConduitT, bracketP)
import Data.Proxy (Proxy (..))
import Data.Text (Text)
import qualified Data.Text as Text
import qualified Data.Text.Encoding as Text
import Network.HTTP.Client (RequestBody (..), streamFile)
import Network.HTTP.Client.MultipartFormData (Part, partBS, partFileRequestBody, partFileSource)
import Network.HTTP.Types (hAccept)
import Owt.Call
import Owt.Client
import Owt.Connection (connectWithin)
import Owt.Error
import Owt.Function (function)
import Owt.Json (toPython)
import Owt.Python (Python (..))
import Owt.Result (JsonOrText (..), OwtResult (..))
import Owt.Stream
import Text.Read (readMaybe)

-- | Runs this code with these arguments on that server. What is asked of it says how the answer is
-- read: see 'OwtResult'.
owt ::
  forall method result m.
  (OwtMethod method, OwtResult result, MonadIO m) =>
  Text ->
  Kwargs ->
  OwtClient ->
  m result
owt code kwargs = runOwt @method (SimpleOwt code kwargs)

-- | 'owt' for a call with more to it.
runOwt ::
  forall method result m.
  (OwtMethod method, OwtResult result, MonadIO m) =>
  Owt ->
  OwtClient ->
  m result
runOwt call client = liftIO (withOwt @method asking client (\answer -> refuseRedirect answer >>= fromAnswer))
  where
    accept = maybe [] (\media -> [(hAccept, media)]) (accepted (Proxy :: Proxy result))
    -- The call's own come first, and of two by one name the first is sent.
    asking = call {owtHeaders = owtHeaders call <> accept}

-- | Calls a function that the server publishes, by its name: @tools.add@. Its arguments arrive as its
-- hints have them; one that is wrong is an 'OwtProblem' with status 422, whose 'problemFaults' say where.
-- GET is for functions that are marked for it.
owtFn ::
  forall method result m.
  (OwtMethod method, OwtResult result, MonadIO m) =>
  Text ->
  Kwargs ->
  OwtClient ->
  m result
owtFn name kwargs = runOwt @method (function name kwargs)

-- | The answer as it comes; the call is made when the stream runs, and cancelled when it is left.
owtStream ::
  forall method m i.
  (OwtMethod method, MonadResource m) =>
  Text ->
  Kwargs ->
  OwtClient ->
  ConduitT i ByteString m ()
owtStream code kwargs = runOwtStream @method (SimpleOwt code kwargs)

-- | 'owtStream' for a call with more to it.
runOwtStream ::
  forall method m i.
  (OwtMethod method, MonadResource m) =>
  Owt ->
  OwtClient ->
  ConduitT i ByteString m ()
runOwtStream call client = bracketP (openResult @method call client) answerClose answerBody

-- | The server-sent events of the answer, each as soon as it comes. Throws 'OwtUnreadable' for an
-- answer that is no event stream, and 'OwtProblem' where an event tells that the adaptor failed.
owtEvents ::
  forall method m i.
  (OwtMethod method, MonadResource m) =>
  Text ->
  Kwargs ->
  OwtClient ->
  ConduitT i Event m ()
owtEvents code kwargs = runOwtEvents @method (SimpleOwt code kwargs)

-- | 'owtEvents' for a call with more to it.
runOwtEvents ::
  forall method m i.
  (OwtMethod method, MonadResource m) =>
  Owt ->
  OwtClient ->
  ConduitT i Event m ()
runOwtEvents call client = bracketP (openResult @method call client) answerClose answerEvents

-- | An answer that is a result.
openResult :: forall method. OwtMethod method => Owt -> OwtClient -> IO Answer
openResult call client = bracketOnError (openAnswer @method call client) answerClose refuseRedirect

-- | Makes a call, and does this as soon as its answer has begun; whatever of it is then unread is
-- left.
withOwt :: forall method a. OwtMethod method => Owt -> OwtClient -> (Answer -> IO a) -> IO a
withOwt call client = bracket (openAnswer @method call client) answerClose

-- | The rest of an answer, as what is asked of it: its value together with its head.
readAnswer :: (OwtResult result, MonadIO m) => Answer -> m result
readAnswer = liftIO . fromAnswer

-- | The request's name in the server's log.
answerRequestId :: Answer -> Maybe ByteString
answerRequestId = lookup "X-Request-Id" . answerHeaders

-- | What the server took its time for, in milliseconds, by @Server-Timing@: @queue@, @load@, @run@.
answerTimings :: Answer -> [(Text, Double)]
answerTimings answer =
  [ (Text.strip name, milliseconds)
    | ("Server-Timing", line) <- answerHeaders answer,
      entry <- Text.splitOn "," (Text.decodeLatin1 line),
      name : details <- [Text.splitOn ";" entry],
      Just took <- map (Text.stripPrefix "dur=" . Text.strip) details,
      Just milliseconds <- [readMaybe (Text.unpack took)]
  ]

-- | Writes bytes to the standard output.
putBS :: MonadIO m => ByteString -> m ()
putBS = liftIO . ByteString.putStr
