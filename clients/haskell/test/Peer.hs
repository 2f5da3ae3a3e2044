{-# LANGUAGE OverloadedStrings #-}

-- | A server that misbehaves as a test tells it.
module Peer
  ( Peer (..),
    Asked (..),
    Then (..),
    withPeer,
    withPeerIO,
    whole,
    chunked,
  )
where

import Control.Concurrent (forkIO)
import Control.Concurrent.Async (withAsync)
import Control.Concurrent.STM
import Control.Exception (SomeException, bracket, finally, try)
import Control.Monad (forM_, forever, void)
import Data.ByteString (ByteString)
import qualified Data.ByteString as ByteString
import qualified Data.ByteString.Char8 as Char8
import Data.Char (toLower)
import Data.Text (Text)
import qualified Data.Text as Text
import Network.Socket
import Network.Socket.ByteString (recv, sendAll)
import Numeric (showHex)

-- | What a peer does once it has written its answer.
data Then
  = -- | Waits for the next request on the connection.
    Keep
  | -- | Ends the connection, whatever its answer promised.
    Close
  | -- | Says nothing more, until the client goes.
    Silence

-- | A request as it came: on which connection, counted from 0; its head and its body.
data Asked = Asked
  { askedOn :: Int,
    askedHead :: ByteString,
    askedBody :: ByteString
  }

data Peer = Peer
  { peerUrl :: Text,
    peerAsked :: IO [Asked],
    -- | Waits until it has ended so many connections.
    peerHasClosed :: Int -> IO ()
  }

-- | A peer that answers each request so, in pieces; it is told how many came before.
withPeer :: (Int -> Asked -> ([ByteString], Then)) -> (Peer -> IO a) -> IO a
withPeer answer = withPeerIO (\nth asked -> pure (answer nth asked))

-- | A peer that has more to do for its answers.
withPeerIO :: (Int -> Asked -> IO ([ByteString], Then)) -> (Peer -> IO a) -> IO a
withPeerIO answer action = bracket listening close $ \listener -> do
  asked <- newTVarIO []
  closed <- newTVarIO 0
  port <- socketPort listener
  connections <- newTVarIO 0
  let accepting = forever $ do
        (stream, _) <- accept listener
        number <- atomically (stateTVar connections (\n -> (n, n + 1)))
        let ended = close stream `finally` atomically (modifyTVar' closed (+ 1))
        forkIO (void (quietly (serve asked number stream "" `finally` ended)))
  -- It has ended before its socket is closed: the next peer's may have the same number.
  withAsync accepting . const $
    action
      Peer
        { peerUrl = "http://127.0.0.1:" <> Text.pack (show port),
          peerAsked = reverse <$> readTVarIO asked,
          peerHasClosed = \count -> atomically (readTVar closed >>= check . (>= (count :: Int)))
        }
  where
    listening = do
      listener <- socket AF_INET Stream defaultProtocol
      bind listener (SockAddrInet 0 (tupleToHostAddress (127, 0, 0, 1)))
      listen listener 64
      pure listener
    serve asked number stream begun = do
      read' <- readRequest number stream begun
      forM_ read' $ \(request, rest) -> do
        before <- atomically (stateTVar asked (\others -> (length others, request : others)))
        (pieces, next) <- answer before request
        mapM_ (sendAll stream) pieces
        case next of
          Keep -> serve asked number stream rest
          Close -> pure ()
          Silence -> void (recv stream 1)

-- | A client may go at any time.
quietly :: IO a -> IO (Either SomeException a)
quietly = try

-- | The next request and what is read beyond it; nothing where the client has ended the connection.
readRequest :: Int -> Socket -> ByteString -> IO (Maybe (Asked, ByteString))
readRequest number stream begun
  | ByteString.null rest = more
  | ByteString.length body < size = more
  | otherwise = pure (Just (Asked number start (ByteString.take size body), ByteString.drop size body))
  where
    (start, rest) = ByteString.breakSubstring "\r\n\r\n" begun
    body = ByteString.drop 4 rest
    size = sum [length' value | line <- Char8.lines start, (name, value) <- [Char8.break (== ':') line], Char8.map toLower name == "content-length"]
    length' value = maybe 0 fst (Char8.readInt (Char8.dropWhile (`elem` (": " :: String)) value))
    more = do
      piece <- recv stream 65536
      if ByteString.null piece then pure Nothing else readRequest number stream (begun <> piece)

-- | An answer that says its length.
whole :: ByteString -> [ByteString] -> ByteString -> ByteString
whole status headers body =
  ByteString.concat
    (["HTTP/1.1 ", status, "\r\n"] <> map (<> "\r\n") headers <> ["Content-Length: ", size, "\r\n\r\n", body])
  where
    size = Char8.pack (show (ByteString.length body))

-- | An answer in these chunks, each a piece of its own.
chunked :: [ByteString] -> [ByteString] -> [ByteString]
chunked headers chunks = [start] <> map coded (filter (not . ByteString.null) chunks) <> ["0\r\n\r\n"]
  where
    start = ByteString.concat (["HTTP/1.1 200 OK\r\n"] <> map (<> "\r\n") headers <> ["Transfer-Encoding: chunked\r\n\r\n"])
    coded chunk = Char8.pack (showHex (ByteString.length chunk) "\r\n") <> chunk <> "\r\n"
