{-# LANGUAGE OverloadedStrings #-}
{-# LANGUAGE ScopedTypeVariables #-}
{-# LANGUAGE TypeApplications #-}

-- The Haskell column of docs/clients.md: each row's lines, which print what they print in every language.

import Conduit
import Control.Exception (throwIO, try)
import Control.Monad (replicateM)
import Data.Aeson (Value, decodeStrict, encode, withObject, (.:))
import Data.Aeson.Types (parseMaybe)
import qualified Data.ByteString as ByteString
import qualified Data.ByteString.Lazy.Char8 as Lazy
import Data.List (nub)
import Data.Text (Text)
import qualified Data.Text as Text
import qualified Data.Text.Encoding as Text
import qualified Data.Text.IO as Text
import GHC.IO.Encoding (setLocaleEncoding, utf8)
import Network.HTTP.Client.TLS (tlsManagerSettings)
import Owt
import System.Environment (getEnv)

tell :: Text -> Text -> IO ()
tell row text = Text.putStrLn (row <> " : " <> text)

shown :: Show a => a -> Text
shown = Text.pack . show

main :: IO ()
main = do
  setLocaleEncoding utf8
  client <- defaultOwtClient
  address <- Text.pack <$> getEnv "OWT_URL"

  -- named arguments
  let code = "def run(n, name): return f'{name} {n}'"
  owt @POST code (named [("n", PyInt 2), ("name", "a")]) client >>= tell "named arguments"

  -- one value
  owt @POST "lambda x: f'{x + 1}'" (toKwargs (16 :: Int)) client >>= tell "one value"

  -- bytes
  owt @POST "lambda x: f'{type(x).__name__} {len(x)}'" (python (PyBytes "ab")) client >>= tell "bytes"

  -- Python of your own
  owt @POST "lambda x: f'{x:,}'" (expression "2**64") client >>= tell "Python of your own"

  -- JSON
  value :: Value <- owt @POST "lambda: {'a': [1, None]}" noKwargs client
  tell "JSON" (Text.decodeUtf8 (Lazy.toStrict (encode value)))

  -- text
  text :: Text <- owt @POST "lambda: 'grüß'" noKwargs client
  tell "text" text

  -- raw bytes
  raw :: ByteString.ByteString <- owt @POST "lambda: b'\\xff\\x00'" noKwargs client
  tell "raw bytes" (shown (ByteString.length raw))

  -- status and headers
  let made = SimpleOwt "def run(): return 'made', 201, {'X-Mine': 'yes'}" noKwargs
  withOwt @POST made client $ \answer -> do
    body <- readAnswer answer
    let mine = maybe "" Text.decodeUtf8 (lookup "X-Mine" (answerHeaders answer))
    tell "status and headers" (Text.unwords [shown (answerStatus answer), mine, body])

  -- a stream
  let twice = "def run():\n    yield 'a'\n    yield 'b'"
  chunks <- runConduitRes (owtStream @POST twice noKwargs client .| sinkList)
  tell "a stream" (Text.decodeUtf8 (ByteString.concat chunks))

  -- JSON lines
  let counting = "def run():\n    for n in range(2):\n        yield {'n': n}"
  rows <- runConduitRes (owtStream @POST counting noKwargs client .| jsonLines .| sinkList)
  tell "JSON lines" (Text.unwords [shown n | row <- rows, Just n <- [number row]])

  -- events
  heard <- runConduitRes (owtEvents @POST "lambda: sse(['a', 'b'])" noKwargs client .| sinkList)
  tell "events" (Text.unwords (map eventData heard))

  -- a body
  let sent = SimpleOwt "lambda: f'{request.data!r} {request.content_type}'" noKwargs
  runOwt @POST sent {owtBody = Just "ab", owtHeaders = [("Content-Type", "text/plain")]} client >>= tell "a body"

  -- files
  let read' = SimpleOwt "lambda: ' '.join(file.read().decode() for file in request.files.values())" noKwargs
  runOwt @POST read' {owtFiles = [partBS "a" "one", partBS "b" "two"]} client >>= tell "files"

  -- another function
  runOwt @POST (SimpleOwt "def go(): return 'gone'" noKwargs) {owtFnName = "go"} client >>= tell "another function"

  -- a kept result
  let fresh = SimpleOwt "import uuid\ndef run(): return str(uuid.uuid4())" noKwargs
  kept :: [Text] <- replicateM 2 (runOwt @POST fresh {owtUseCache = True} client)
  tell "a kept result" (shown (length (nub kept)))

  -- a deadline
  let sleeping = SimpleOwt "import time\ndef run(): time.sleep(60)" noKwargs
  late <- try (runOwt @POST sleeping {owtTimeout = Just 0.3} client)
  tell "a deadline" (either status (\() -> "none") late)

  -- a limit on connecting
  limited <- mkOwtClientWith (connectWithin 5 tlsManagerSettings) address
  owt @POST "lambda: 'in time'" noKwargs limited >>= tell "a limit on connecting"

  -- a limit on silence
  owt @POST "lambda: 'in time'" noKwargs (withIdleTimeout 60 client) >>= tell "a limit on silence"

  -- retries
  owt @POST "lambda: 'once'" noKwargs (withRetries 3 client) >>= tell "retries"

  -- headers
  owt @POST "lambda: request.headers['X-Tenant']" noKwargs (withHeaders [("X-Tenant", "a")] client) >>= tell "headers"

  -- a token
  owt @POST "lambda: request.headers['Authorization']" noKwargs (withToken "a-token" client) >>= tell "a token"

  -- the URL
  url <- either throwIO pure (owtUrl (SimpleOwt "f(abs)" (toKwargs (-1 :: Int))) client)
  tell "the URL" (Text.drop 1 (Text.dropWhile (/= '?') url))

  -- what the adaptor raised
  raised <- try (owt @POST "lambda: 1 / 0" noKwargs client)
  case raised of
    Left (OwtProblem problem) ->
      tell "what the adaptor raised" (Text.unwords [shown (problemStatus problem), maybe "" exceptionType (problemException problem)])
    Left other -> throwIO other
    Right () -> fail "nothing was raised"

  -- kinds of errors
  missing <- try (owt @POST "def run(): return 'none', 404" noKwargs client)
  tell "kinds of errors" (either (\failed -> if isNotFound failed then "404" else shown failed) (\() -> "none") missing)
  where
    status failed = maybe (shown (failed :: OwtError)) shown (errorStatus failed)
    number row = parseMaybe (withObject "row" (.: "n")) row :: Maybe Int
