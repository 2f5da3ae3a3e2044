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
    withHeaders,
    withIdleTimeout,
    withRetries,
    OwtMethod (..),
    GET,
    POST,
    owtUrl,
    Published,
    publishedHash,
    publish,
    functionOf,
    openAnswer,
    Answer (..),
    mediaType,
    contentType,
    refuseRedirect,
  )
where

import Control.Applicative ((<|>))
import Control.Concurrent (threadDelay)
import Control.Exception
import Control.Monad (when)
import Control.Monad.IO.Class (MonadIO (..))
import Data.Aeson (decodeStrict, withObject, (.:))
import Data.Aeson.Types (parseMaybe)
import Data.ByteString (ByteString)
import qualified Data.ByteString as ByteString
import qualified Data.ByteString.Char8 as Char8
import qualified Data.CaseInsensitive as CaseInsensitive
import Data.Char (isAscii, isControl)
import Data.Maybe (fromMaybe, isJust)
import Data.Text (Text)
import qualified Data.Text as Text
import qualified Data.Text.Encoding as Text
import GHC.Clock (getMonotonicTime)
import Network.HTTP.Client
import Network.HTTP.Client.MultipartFormData (PartM (..), formDataBody, partLBS)
import Network.HTTP.Types (Header, RequestHeaders, ResponseHeaders, hContentType, hLocation, statusCode)
import Network.URI (URI (..), parseURIReference, relativeTo, uriToString)
import Owt.Address (Address (..), connections, defaultUrl, readAddress)
import Owt.Call (Function (..), Kwargs, Owt (..), callForm, callJson, callQuery)
import Owt.Connection (standard, watched)
import Owt.Error
import Owt.Function
import Owt.Limit
import System.Environment (lookupEnv)

-- | A server to call, with the connections to it that are kept open. It may be shared by threads.
data OwtClient = OwtClient
  { clientManager :: Manager,
    -- | A request without a call.
    clientRequest :: Request,
    -- | Scheme, host and port.
    clientOrigin :: ByteString,
    -- | Where it is, for people.
    clientPlace :: Text,
    -- | Why no call can be sent.
    clientMistake :: Maybe Text,
    clientIdleTimeout :: Maybe Double,
    clientRetries :: Int
  }

instance Show OwtClient where
  show client = "OwtClient " <> show (clientOrigin client <> path (clientRequest client))

-- | A client of the server at this URL. Its path is the path of the calls, @http://@ may be left
-- out, and @user:password\@@ in it is sent as basic authentication. @unix:PATH@ is a server on a Unix
-- socket. Throws 'OwtUsage' for what is no such URL; no connection is opened yet.
mkOwtClient :: MonadIO m => Text -> m OwtClient
mkOwtClient = make standard

-- | A client of the server at @$OWT_URL@, else at 'defaultUrl'.
defaultOwtClient :: MonadIO m => m OwtClient
defaultOwtClient = do
  url <- liftIO (lookupEnv "OWT_URL")
  mkOwtClient (maybe defaultUrl Text.pack (if url == Just "" then Nothing else url))

-- | A client with its own settings of connections: certificates to trust, a proxy, and
-- 'connectWithin', which is ten seconds where nothing is said.
mkOwtClientWith :: MonadIO m => ManagerSettings -> Text -> m OwtClient
mkOwtClientWith = make . watched

make :: MonadIO m => ManagerSettings -> Text -> m OwtClient
make managerSettings text = liftIO $ do
  address <- either (throwIO . OwtUsage) pure (readAddress text)
  clientManager <- newManager (connections address managerSettings)
  pure
    OwtClient
      { clientManager,
        clientOrigin = addressOrigin address,
        clientPlace = maybe (Text.decodeLatin1 (addressOrigin address)) (("unix:" <>) . Text.pack) (addressSocket address),
        clientMistake = Nothing,
        clientIdleTimeout = Nothing,
        clientRetries = 0,
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

-- | Sends this token (RFC 6750) with every call. One that cannot be sent, as with a line break in it,
-- has each call throw 'OwtUsage'.
withToken :: Text -> OwtClient -> OwtClient
withToken given client
  | Text.null token = mistaken "the token is empty"
  | Text.any (`elem` ("\r\n" :: String)) token =
    mistaken "the token has a line break in it: give one token, which is one line"
  | Text.any (\c -> isControl c || not (isAscii c)) token =
    mistaken "the token has characters in it that no header takes: it is visible ASCII"
  | otherwise = client {clientRequest = withHeader ("Authorization", "Bearer " <> Text.encodeUtf8 token) (clientRequest client)}
  where
    -- Files with tokens end with a line end.
    token = Text.strip given
    mistaken why = client {clientMistake = Just why}

-- | Sends these headers with every call; those of a call replace them.
withHeaders :: RequestHeaders -> OwtClient -> OwtClient
withHeaders headers client = client {clientRequest = foldr withHeader (clientRequest client) headers}

-- | Lets the server say nothing for so many seconds at most, until its answer begins and then between
-- two pieces of it. Sending the call counts: give uploads their time. There is no limit by default.
withIdleTimeout :: Double -> OwtClient -> OwtClient
withIdleTimeout seconds client = client {clientIdleTimeout = Just seconds}

-- | Sends a call again, so often at most, where it is certain that nothing of it has run
-- ('hasNotRun'). It waits in between as long as the server says; where that is more than 30 seconds,
-- the error is thrown at once. Never by default.
withRetries :: Int -> OwtClient -> OwtClient
withRetries times client = client {clientRetries = times}

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
  base <- calledAt call client
  query <- usage (maybe callQuery (const (functionQuery True)) (owtFunction call) call)
  let given = queryString base
      whole = "?" <> given <> (if ByteString.null given then "" else "&") <> query
      long = sum (map ByteString.length [clientOrigin client, path base, whole])
      tooLong =
        "the URL would be " <> Text.pack (show long) <> " bytes long, more than the "
          <> Text.pack (show longestUrl)
          <> " that are read: use POST"
  if long > longestUrl then Left (OwtUsage tooLong) else Right base {queryString = whole}

-- | A request to where the call goes: of a function that is called by its name to the function's path.
calledAt :: Owt -> OwtClient -> Either OwtError Request
calledAt call client = case owtFunction call of
  Nothing -> Right (clientRequest client)
  Just called -> do
    there <- usage (functionUrlPath call called)
    Right (clientRequest client) {path = there, queryString = ""}

usage :: Either Text a -> Either OwtError a
usage = either (Left . OwtUsage) Right

-- | The request of a call.
toRequest :: forall method. OwtMethod method => Owt -> OwtClient -> Either OwtError (IO Request)
toRequest call client = do
  mapM_ (Left . OwtUsage) (clientMistake client)
  base <- calledAt call client
  beside <- maybe (Right (queryString base)) (const (("?" <>) <$> usage (functionQuery False call))) (owtFunction call)
  request <- made base {responseTimeout = responseTimeoutNone, queryString = beside}
  finished <- foldr (\header rest -> rest >>= checkedHeader header) (Right id) (owtHeaders call)
  Right ((\ready -> (finished ready) {method = verb}) <$> request)
  where
    verb = methodName @method
    hasBody = isJust (owtBody call) || not (null (owtFiles call))
    made base = case owtBody call of
      _ | verb == "GET" && hasBody -> Left (OwtUsage "data needs a body, which a GET has not: use POST")
      Just _ | not (null (owtFiles call)) -> Left (OwtUsage "owtBody is all of a body: send it as one more file")
      Just body -> do
        request <- either (Left . besideBody) Right (inQuery call client)
        Right (pure (typed "application/octet-stream" request) {requestBody = body})
      Nothing | verb == "GET" -> pure <$> inQuery call client
      Nothing | hasBody -> do
        form <- usage (maybe (callForm call) (const (functionForm (owtKwargs call))) (owtFunction call))
        Right (formDataBody ([partLBS name text | (name, text) <- form] <> map filed (owtFiles call)) base)
      Nothing -> do
        json <- usage (maybe (callJson call) (const (functionJson (owtKwargs call))) (owtFunction call))
        Right (pure (typed "application/json" base) {requestBody = RequestBodyLBS json})
    typed kind = withHeader (hContentType, kind)
    -- Without a file's name it would be a field of the form, and no file.
    filed part = part {partFilename = partFilename part <|> Just (Text.unpack (partName part))}
    besideBody refusal = case refusal of
      OwtUsage why -> OwtUsage (why <> ", or send the data by owtFiles")
      other -> other

-- | Adds a header; one that cannot be sent is named, and its value, which may be a secret, not shown.
checkedHeader :: Header -> (Request -> Request) -> Either OwtError (Request -> Request)
checkedHeader header@(name, value) rest
  | Char8.any (`elem` ("\r\n\0" :: String)) value = Left (OwtUsage ("no value of the header " <> shownName <> ": it is one line of text"))
  | name == "Expect" = Left (OwtUsage "the header Expect is none that a call can have")
  | otherwise = Right (withHeader header . rest)
  where
    shownName = Text.decodeLatin1 (CaseInsensitive.original name)

withHeader :: Header -> Request -> Request
withHeader header request =
  request {requestHeaders = header : filter ((/= fst header) . fst) (requestHeaders request)}

-- | An answer that has begun.
data Answer = Answer
  { answerStatus :: Int,
    answerHeaders :: ResponseHeaders,
    -- | Which server, for people.
    answerPlace :: Text,
    -- | What was called.
    answerUrl :: URI,
    -- | The next chunk of the body; empty at its end. Throws 'OwtTransport' when it was cut short.
    answerChunk :: IO ByteString,
    -- | Closes the connection, unless the whole body has been read; the server then cancels the call.
    answerClose :: IO ()
  }

-- | Code that the server has been sent, to call its functions by its hash: see 'publish'.
data Published = Published
  { publishedCode :: Text,
    -- | The SHA-256 of the code, in hexadecimal.
    publishedHash :: Text
  }
  deriving (Eq, Show)

-- | Sends code once, to call its functions by its hash, as 'functionOf' does. Where the server has it no
-- more, such a call sends it again, and then itself once more.
publish :: MonadIO m => Text -> OwtClient -> m Published
publish code client = liftIO $ do
  answer <- retrying client (openRequest (pure <$> sending code client) Nothing client)
  body <- ByteString.concat <$> chunks answer `finally` answerClose answer
  maybe (throwIO (OwtUnreadable "the answer names no hash: is this a server of owt?")) (pure . Published code) $
    decodeStrict body >>= parseMaybe (withObject "sent code" (.: "hash"))
  where
    chunks answer = do
      chunk <- answerChunk answer
      if ByteString.null chunk then pure [] else (chunk :) <$> chunks answer

-- | A call of the public function of this name in that code, as 'Owt.function' makes it.
functionOf :: Published -> Text -> Kwargs -> Owt
functionOf sent = byHash (publishedCode sent) (publishedHash sent)

sending :: Text -> OwtClient -> Either OwtError Request
sending code client = do
  mapM_ (Left . OwtUsage) (clientMistake client)
  Right
    (withHeader (hContentType, "text/x-python") (clientRequest client))
      { method = "PUT",
        path = "/_owt/code",
        queryString = "",
        requestBody = RequestBodyBS (Text.encodeUtf8 code),
        responseTimeout = responseTimeoutNone
      }

-- | Sends a call and waits until its answer begins. Code that is called by its hash, and that the server
-- has no more, is sent, and the call once more, within the same deadline.
openAnswer :: forall method. OwtMethod method => Owt -> OwtClient -> IO Answer
openAnswer call client = case owtFunction call >>= functionCode of
  Nothing -> open call
  Just code -> do
    begun <- getMonotonicTime
    open call `catch` \failed ->
      if not (isUnknownCode failed)
        then throwIO failed
        else do
          let left = do
                now <- getMonotonicTime
                pure (max 0.001 . subtract (now - begun) <$> owtTimeout call)
          within' <- left
          again <- retrying client (openRequest (pure <$> sending code client) within' client)
          answerClose again
          if readOnce then throwIO failed else left >>= \rest -> open call {owtTimeout = rest}
  where
    open one = retrying client (openOnce @method one client)
    readOnce = case owtBody call of
      Just (RequestBodyStream _ _) -> True
      Just (RequestBodyStreamChunked _) -> True
      Just (RequestBodyIO _) -> True
      _ -> False

-- | Opens, and again where it is certain that nothing has run.
retrying :: OwtClient -> IO Answer -> IO Answer
retrying client open = go (clientRetries client) 0.1
  where
    go left pause = do
      tried <- try open
      case tried of
        Right answer -> pure answer
        Left thrown
          | left > 0 && hasNotRun thrown && wait <= longestPause -> do
            threadDelay (round (wait * 1e6))
            go (left - 1 :: Int) (min longestPause (pause * 2))
          | otherwise -> throwIO thrown
          where
            wait = fromMaybe pause (errorRetryAfter thrown)

-- | The longest that is waited before a call is sent again, in seconds.
longestPause :: Double
longestPause = 30

openOnce :: forall method. OwtMethod method => Owt -> OwtClient -> IO Answer
openOnce call client = openRequest (toRequest @method call client) (owtTimeout call) client

-- | Sends a request of which the server knows the deadline.
openRequest :: Either OwtError (IO Request) -> Maybe Double -> OwtClient -> IO Answer
openRequest made deadline client = mask $ \restore -> do
  request <- either throwIO restore made
  -- The server ends a call at its deadline by itself and says more about it.
  limits <- beginLimits (clientPlace client) ((+ 10) . max 0 <$> deadline) (clientIdleTimeout client)
  let translated = translating (clientPlace client)
  response <- translated (restore (within limits (responseOpen request (clientManager client))))
  let answer =
        Answer
          { answerStatus = statusCode (responseStatus response),
            answerHeaders = responseHeaders response,
            answerPlace = clientPlace client,
            answerUrl = getUri request,
            answerChunk = translated (within limits (brRead (responseBody response))),
            answerClose = responseClose response
          }
  when (answerStatus answer >= 400) $ do
    body <- restore (beginning answer) `finally` answerClose answer
    throwIO (failure answer body)
  pure answer

-- | As much of a failure's body as one keeps. Its status says more than that it was cut short.
beginning :: Answer -> IO ByteString
beginning answer = ByteString.take longestFailure . ByteString.concat <$> go 0
  where
    go size
      | size >= longestFailure = pure []
      | otherwise = do
        chunk <- answerChunk answer `catch` \thrown -> let _ = thrown :: OwtError in pure ""
        if ByteString.null chunk then pure [] else (chunk :) <$> go (size + ByteString.length chunk)

-- | How much of a failure's body is kept, in bytes.
longestFailure :: Int
longestFailure = 1024 * 1024

failure :: Answer -> ByteString -> OwtError
failure answer body = fromMaybe (OwtFailure (answerStatus answer) (answerHeaders answer) body) $ do
  if mediaType answer == "application/problem+json" then Just () else Nothing
  problem <- decodeStrict body
  Just (OwtProblem problem {problemStatus = answerStatus answer, problemHeaders = answerHeaders answer})

-- | The media type without its parameters, in small letters; empty where none came.
mediaType :: Answer -> Text
mediaType = Text.toLower . Text.strip . Text.takeWhile (/= ';') . contentType

-- | The @Content-Type@ as it came.
contentType :: Answer -> Text
contentType = maybe "" Text.decodeLatin1 . lookup hContentType . answerHeaders

-- | Throws 'OwtRedirect' for an answer that leads elsewhere: a proxy's page about that is no result.
refuseRedirect :: Answer -> IO Answer
refuseRedirect answer = case lookup hLocation (answerHeaders answer) of
  Just location | answerStatus answer >= 300 -> throwIO (OwtRedirect (answerStatus answer) (answerPlace answer) (leading location))
  _ -> pure answer
  where
    -- Without login and query, which may hold secrets.
    leading location = case parseURIReference (Char8.unpack location) of
      Just reference ->
        let to = reference `relativeTo` answerUrl answer
         in Text.pack (uriToString (const "") to {uriQuery = "", uriFragment = ""} "")
      Nothing -> "what is no address"

-- | Whatever goes wrong on the way, without the request, which holds the code.
translating :: Text -> IO a -> IO a
translating place action = action `catches` [Handler async, Handler ours, Handler http, Handler other]
  where
    async thrown = throwIO (thrown :: SomeAsyncException)
    ours thrown = throwIO (thrown :: OwtError)
    http thrown = throwIO $ case thrown of
      HttpExceptionRequest _ content -> OwtTransport place content
      InvalidUrlException _ why -> OwtUsage (Text.pack why)
    -- The socket's, those of TLS, and http-client's own that bear no request.
    other thrown = throwIO (OwtTransport place (InternalException thrown))
