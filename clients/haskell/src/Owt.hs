{-# LANGUAGE AllowAmbiguousTypes #-}
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

    -- * Calls
    owt,
    runOwt,
    owtUrl,
    OwtMethod,
    GET,
    POST,
    OwtResult,
    putBS,

    -- * All that can be said of a call
    Owt (..),
    RequestBody (..),
    streamFile,

    -- * Arguments
    Kwargs,
    toKwargs,
    named,
    python,
    expression,
    noKwargs,
    Python (..),
    toPython,

    -- * Streams
    owtStream,
    runOwtStream,
    jsonLines,
    events,
    Event (..),

    -- * Answers with their heads
    withOwt,
    Answer,
    answerStatus,
    answerHeaders,
    answerBody,

    -- * Errors
    OwtError (..),
    Problem (..),
    PythonException (..),
    traceback,
  )
where

import Control.Exception (bracket)
import Control.Monad.IO.Class (MonadIO (..))
import Control.Monad.Trans.Resource (MonadResource)
import Data.ByteString (ByteString)
import qualified Data.ByteString as ByteString
import Data.Conduit (ConduitT, bracketP)
import Data.Proxy (Proxy (..))
import Data.Text (Text)
import Network.HTTP.Client (RequestBody (..), streamFile)
import Network.HTTP.Types (hAccept)
import Owt.Call
import Owt.Client
import Owt.Error
import Owt.Python (Python (..), toPython)
import Owt.Result (OwtResult (..))
import Owt.Stream

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
runOwt call client = liftIO (withOwt @method asking client fromAnswer)
  where
    accept = maybe [] (\media -> [(hAccept, media)]) (accepted (Proxy :: Proxy result))
    -- The call's own come first, and of two by one name the first is sent.
    asking = call {owtHeaders = owtHeaders call <> accept}

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
runOwtStream call client = bracketP (openAnswer @method call client) answerClose answerBody

-- | Makes a call, and does this as soon as its answer has begun; whatever of it is then unread is
-- left.
withOwt :: forall method a. OwtMethod method => Owt -> OwtClient -> (Answer -> IO a) -> IO a
withOwt call client = bracket (openAnswer @method call client) answerClose

-- | Writes bytes to the standard output.
putBS :: MonadIO m => ByteString -> m ()
putBS = liftIO . ByteString.putStr
