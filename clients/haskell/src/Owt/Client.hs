{-# LANGUAGE AllowAmbiguousTypes #-}
{-# LANGUAGE NamedFieldPuns #-}
{-# LANGUAGE OverloadedStrings #-}
{-# LANGUAGE ScopedTypeVariables #-}
{-# LANGUAGE TypeApplications #-}

-- | Where calls go, and how they get there.
module Owt.Client
  ( OwtClient,
    mkOwtClient,
    mkOwtClientWith,
    defaultOwtClient,
    withToken,
    OwtMethod (..),
    GET,
    POST,
    owtUrl,
    openAnswer,
    Answer (..),
  )
where

import Control.Exception (finally, handle, mask, throwIO)
import Control.Monad (when)
import Control.Monad.IO.Class (MonadIO (..))
import Data.Aeson (decode, encode)
import Data.ByteString (ByteString)
import qualified Data.ByteString as ByteString
import qualified Data.ByteString.Lazy as Lazy
import Data.Maybe (fromMaybe)
import Data.Text (Text)
import qualified Data.Text as Text
import qualified Data.Text.Encoding as Text
import Network.HTTP.Client
import Network.HTTP.Client.TLS (tlsManagerSettings)
import Network.HTTP.Types (Header, ResponseHeaders, hContentType, statusCode)
import Owt.Address (Address (..), connections, defaultUrl, readAddress)
import Owt.Call (Owt (..), callJson, callQuery)
import Owt.Error (OwtError (..))
import System.Environment (lookupEnv)

-- | A server to call, with the connections to it that are kept open. It may be shared by threads.
data OwtClient = OwtClient
  { clientManager :: Manager,
    -- | A request without a call.
    clientRequest :: Request,
    -- | Scheme, host and port.
    clientOrigin :: ByteString
  }

instance Show OwtClient where
  show client = "OwtClient " <> show (clientOrigin client <> path (clientRequest client))

-- | A client of the server at this URL. Its path is the path of the calls, @http://@ may be left
-- out, and @user:password\@@ in it is sent as basic authentication. @unix:PATH@ is a server on a Unix
-- socket. Throws 'OwtUsage' for what is no such URL; no connection is opened yet.
mkOwtClient :: MonadIO m => Text -> m OwtClient
mkOwtClient = mkOwtClientWith tlsManagerSettings

-- | A client of the server at @$OWT_URL@, else at 'defaultUrl'.
defaultOwtClient :: MonadIO m => m OwtClient
defaultOwtClient = do
  url <- liftIO (lookupEnv "OWT_URL")
  mkOwtClient (maybe defaultUrl Text.pack (if url == Just "" then Nothing else url))

-- | A client with its own settings of connections: certificates to trust, a proxy.
mkOwtClientWith :: MonadIO m => ManagerSettings -> Text -> m OwtClient
mkOwtClientWith managerSettings text = liftIO $ do
  address <- either (throwIO . OwtUsage) pure (readAddress text)
  -- A call whose connection broke may have run.
  clientManager <- newManager (connections address managerSettings) {managerRetryableException = const False}
  pure
    OwtClient
      { clientManager,
        clientOrigin = addressOrigin address,
        clientRequest =
          foldr
            withHeader
            (addressRequest address)
              { -- A redirect is an adaptor's answer.
                redirectCount = 0,
                decompress = const False
              }
            [("X-Owt", "1"), ("User-Agent", "owt-haskell/0.1.0"), ("Accept-Encoding", "")]
      }

-- | Sends this token (RFC 6750) with every call.
withToken :: Text -> OwtClient -> OwtClient
withToken token client = client {clientRequest = withHeader header (clientRequest client)}
  where
    -- Files with tokens end with a line end.
    header = ("Authorization", "Bearer " <> Text.encodeUtf8 (Text.strip token))

-- | How a call travels, as a type.
class OwtMethod method where
  methodName :: ByteString

-- | The call in the URL. Many proxies stop at 8 KiB, and log what they pass on.
data GET

-- | The call as a JSON body.
data POST

instance OwtMethod GET where
  methodName = "GET"

instance OwtMethod POST where
  methodName = "POST"

-- | The URL that makes the call when it is opened, without password and token. 'OwtUsage' when it
-- would be longer than a server takes, or the arguments cannot be written.
owtUrl :: Owt -> OwtClient -> Either OwtError Text
owtUrl call client = do
  request <- inQuery call client
  Right (Text.decodeLatin1 (clientOrigin client <> path request <> queryString request))

-- | The longest URL that the server's HTTP library reads, in bytes.
longestUrl :: Int
longestUrl = 65534

inQuery :: Owt -> OwtClient -> Either OwtError Request
inQuery call client = do
  query <- either (Left . OwtUsage) Right (callQuery call)
  let base = clientRequest client
      given = queryString base
      whole = "?" <> given <> (if ByteString.null given then "" else "&") <> query
      long = sum (map ByteString.length [clientOrigin client, path base, whole])
      tooLong =
        "the URL would be " <> Text.pack (show long) <> " bytes long, more than the "
          <> Text.pack (show longestUrl)
          <> " that are read: use POST"
  if long > longestUrl then Left (OwtUsage tooLong) else Right base {queryString = whole}

-- | The request of a call.
toRequest :: forall method. OwtMethod method => Owt -> OwtClient -> Either OwtError Request
toRequest call client = finished <$> made
  where
    verb = methodName @method
    made = case owtBody call of
      Just _ | verb == "GET" -> Left (OwtUsage "data needs a body, which a GET has not: use POST")
      Just body -> do
        request <- inQuery call client
        Right (typed "application/octet-stream" request) {requestBody = body}
      Nothing | verb == "GET" -> inQuery call client
      Nothing -> do
        json <- either (Left . OwtUsage) Right (callJson call)
        Right (typed "application/json" (clientRequest client)) {requestBody = RequestBodyLBS (encode json)}
    typed kind = withHeader (hContentType, kind)
    finished request =
      (foldr withHeader request (owtHeaders call))
        { method = verb,
          responseTimeout = maybe responseTimeoutNone (responseTimeoutMicro . microseconds) (owtTimeout call)
        }
    -- The server ends a call at its deadline by itself and says more about it.
    microseconds n = round (min 1e9 (max 0 n + 10) * 1e6)

withHeader :: Header -> Request -> Request
withHeader header request =
  request {requestHeaders = header : filter ((/= fst header) . fst) (requestHeaders request)}

-- | An answer that has begun.
data Answer = Answer
  { answerStatus :: Int,
    answerHeaders :: ResponseHeaders,
    -- | The next chunk of the body; empty at its end. Throws 'OwtTransport' when it was cut short.
    answerChunk :: IO ByteString,
    -- | Closes the connection, unless the whole body has been read; the server then cancels the call.
    answerClose :: IO ()
  }

-- | Sends a call and waits until its answer begins.
openAnswer :: forall method. OwtMethod method => Owt -> OwtClient -> IO Answer
openAnswer call client = mask $ \restore -> do
  request <- either throwIO pure (toRequest @method call client)
  response <- translated (restore (responseOpen request (clientManager client)))
  let answer =
        Answer
          { answerStatus = statusCode (responseStatus response),
            answerHeaders = responseHeaders response,
            answerChunk = translated (brRead (responseBody response)),
            answerClose = responseClose response
          }
  when (answerStatus answer >= 400) $ do
    let reading = translated (brReadSome (responseBody response) longestFailure)
    body <- restore reading `finally` answerClose answer
    throwIO (failure answer (Lazy.toStrict body))
  pure answer

-- | How much of a failure's body is read, in bytes.
longestFailure :: Int
longestFailure = 16 * 1024 * 1024

failure :: Answer -> ByteString -> OwtError
failure answer body = fromMaybe (OwtFailure (answerStatus answer) body) $ do
  kind <- lookup hContentType (answerHeaders answer)
  if "application/problem+json" `ByteString.isPrefixOf` kind
    then OwtProblem <$> decode (Lazy.fromStrict body)
    else Nothing

-- | Without the request, which holds the code.
translated :: IO a -> IO a
translated = handle $ \thrown -> throwIO $ case thrown of
  HttpExceptionRequest _ content -> OwtTransport content
  InvalidUrlException _ why -> OwtUsage (Text.pack why)
