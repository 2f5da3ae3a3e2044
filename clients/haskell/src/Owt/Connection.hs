{-# LANGUAGE OverloadedStrings #-}

-- | Connections that are looked at before a call goes out on them, so that no call meets the end of
-- one or what is left of another's answer.
module Owt.Connection
  ( standard,
    watched,
    watchedSocket,
    connectWithin,
  )
where

import Control.Exception (Exception, SomeException, fromException, throwIO, try)
import Control.Monad (unless, when)
import Data.ByteString (ByteString)
import qualified Data.ByteString as ByteString
import Data.IORef
import Data.Maybe (isJust)
import GHC.IO.Device (ready)
import GHC.IO.FD (FD (..))
import Network.HTTP.Client (HttpExceptionContent (..))
import Network.HTTP.Client.Internal (Connection (..), ManagerSettings (..), rawConnectionModifySocket, throwHttp)
import Network.HTTP.Client.TLS (tlsManagerSettings)
import Network.Socket (Socket, unsafeFdSocket)
import System.Timeout (timeout)

-- | What a client has if nothing else is said: ten seconds to connect are enough for any network.
standard :: ManagerSettings
standard = connectWithin 10 (retrying overTls {managerRawConnection = pure open})
  where
    overTls = watched tlsManagerSettings
    open address host port = do
      made <- newIORef []
      connect <- rawConnectionModifySocket (\socket -> atomicModifyIORef' made (\others -> (socket : others, ())))
      connection <- connect address host port
      sockets <- readIORef made
      watch (and <$> mapM isQuiet sockets) connection

-- | These settings with connections that are looked at. That takes a millisecond, as only their
-- reading tells what stands there.
watched :: ManagerSettings -> ManagerSettings
watched settings =
  retrying
    settings
      { managerRawConnection = (\open a b c -> open a b c >>= slowly) <$> managerRawConnection settings,
        managerTlsConnection = (\open a b c -> open a b c >>= slowly) <$> managerTlsConnection settings,
        managerTlsProxyConnection =
          (\open a b c d e f -> open a b c d e f >>= slowly) <$> managerTlsProxyConnection settings
      }
  where
    slowly connection = watch (saysNothing connection) connection
    saysNothing connection = do
      heard <- try (timeout 1000 (connectionRead connection)) :: IO (Either SomeException (Maybe ByteString))
      pure (either (const False) (== Nothing) heard)

-- | A connection on this socket that is looked at.
watchedSocket :: Socket -> Connection -> IO Connection
watchedSocket socket = watch (isQuiet socket)

-- | A call that was not sent may be sent on another connection; whatever else happened, it may have
-- run.
retrying :: ManagerSettings -> ManagerSettings
retrying settings = settings {managerRetryableException = isJust . stale}
  where
    stale thrown = fromException thrown :: Maybe Stale

-- | These settings with so many seconds for a connection to stand.
connectWithin :: Double -> ManagerSettings -> ManagerSettings
connectWithin seconds settings =
  settings
    { managerRawConnection = (\open a b c -> limited (open a b c)) <$> managerRawConnection settings,
      managerTlsConnection = (\open a b c -> limited (open a b c)) <$> managerTlsConnection settings,
      managerTlsProxyConnection =
        (\open a b c d e f -> limited (open a b c d e f)) <$> managerTlsProxyConnection settings
    }
  where
    limited open = timeout (round (min 1e9 seconds * 1e6)) open >>= maybe late pure
    late = throwHttp ConnectionTimeout

-- | Whether nothing stands to be read, nor the end.
isQuiet :: Socket -> IO Bool
isQuiet socket = do
  descriptor <- unsafeFdSocket socket
  -- Of several that were tried all but one are closed.
  if descriptor < 0 then pure True else not <$> ready FD {fdFD = descriptor, fdIsNonBlocking = 1} False 0

-- | Thrown before anything of a request was sent.
data Stale = Stale
  deriving (Show)

instance Exception Stale

-- | Where a connection is between one request and its answer.
data Phase
  = New
  | -- | A request goes out; the head of its answer is due.
    Asking
  | -- | The answer is being read, or has been.
    Answering
  deriving (Eq)

watch :: IO Bool -> Connection -> IO Connection
watch quiet connection = do
  phase <- newIORef New
  -- What was read and given back, the next first.
  given <- newIORef []
  let unread bytes = unless (ByteString.null bytes) (modifyIORef' given (bytes :))
      next = do
        held <- readIORef given
        case held of
          bytes : others -> writeIORef given others >> pure bytes
          [] -> connectionRead connection
  pure
    connection
      { connectionRead = do
          now <- readIORef phase
          writeIORef phase Answering
          if now == Asking then withoutInterim next else next,
        connectionUnread = unread,
        connectionWrite = \bytes -> do
          now <- readIORef phase
          when (now == Answering) $ do
            held <- readIORef given
            fine <- if null held then quiet else pure False
            unless fine (throwIO Stale)
          writeIORef phase Asking
          connectionWrite connection bytes
      }

-- | The first bytes of an answer, without the 1xx that may come before it (RFC 9110, 15.2).
withoutInterim :: IO ByteString -> IO ByteString
withoutInterim next = next >>= go
  where
    go bytes
      | ByteString.length bytes < 12 = more bytes
      | isInterim bytes = case ByteString.breakSubstring "\r\n\r\n" bytes of
          (_, rest)
            | not (ByteString.null rest) -> go (ByteString.drop 4 rest)
            | ByteString.length bytes > longestHead -> throwHttp OverlongHeaders
            | otherwise -> more bytes
      | otherwise = pure bytes
    more bytes = do
      another <- next
      if ByteString.null another then pure bytes else go (bytes <> another)
    -- 101 would be another protocol, which nobody asked for.
    isInterim bytes =
      "HTTP/1." `ByteString.isPrefixOf` bytes
        && ByteString.take 2 (ByteString.drop 8 bytes) == " 1"
        && ByteString.take 3 (ByteString.drop 9 bytes) /= "101"

longestHead :: Int
longestHead = 65536
