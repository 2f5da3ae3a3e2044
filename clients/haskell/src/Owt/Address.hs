{-# LANGUAGE NamedFieldPuns #-}
{-# LANGUAGE OverloadedStrings #-}

-- | A server's address as people write it.
module Owt.Address
  ( Address (..),
    readAddress,
    defaultUrl,
    connections,
  )
where

import Control.Exception (bracketOnError)
import Control.Monad (when)
import Data.ByteString (ByteString)
import qualified Data.ByteString as ByteString
import qualified Data.ByteString.Char8 as Char8
import Data.Char (isAscii, isControl, toLower)
import Data.Maybe (fromMaybe)
import Data.Text (Text)
import qualified Data.Text as Text
import Network.HTTP.Client
import Network.HTTP.Types (urlDecode)
import Network.Socket (Family (..), SockAddr (..), SocketType (..), close, connect, defaultProtocol, socket)
import Network.URI (URI (..), URIAuth (..), escapeURIString, parseURI)
import Owt.Connection (watchedSocket)
import Text.Read (readMaybe)

-- | Where calls go, without name and password but in the request.
data Address = Address
  { -- | Scheme, host and port.
    addressOrigin :: ByteString,
    -- | A request without a call.
    addressRequest :: Request,
    -- | What carries the calls, if not TCP.
    addressSocket :: Maybe FilePath
  }

-- | The server to call when nothing says otherwise.
defaultUrl :: Text
defaultUrl = "http://127.0.0.1:9876"

-- | Reads a URL, whose @http://@ may be left out, or @unix:PATH@. 'Left' says what is wrong.
readAddress :: Text -> Either Text Address
readAddress text = case Text.stripPrefix "unix:" stripped of
  Just place -> do
    let path' = fromMaybe place (Text.stripPrefix "//" place)
    when (Text.null path') (Left noUrl)
    address <- readUrl "http://localhost"
    Right address {addressSocket = Just (Text.unpack path')}
  Nothing -> readUrl (if "://" `Text.isInfixOf` stripped then stripped else "http://" <> stripped)
  where
    stripped = Text.strip text

noUrl :: Text
noUrl = "the server's URL cannot be read; it looks like " <> defaultUrl

readUrl :: Text -> Either Text Address
readUrl text = do
  uri <- orElse noUrl (parseURI (escapeURIString isUrlChar (Text.unpack (plainLogin text))))
  URIAuth {uriUserInfo, uriRegName, uriPort} <- orElse noUrl (uriAuthority uri)
  let scheme = map toLower (uriScheme uri)
  when (scheme `notElem` ["http:", "https:"] || null uriRegName) (Left noUrl)
  let secure = scheme == "https:"
      standard = if secure then 443 else 80
      host = Char8.pack (Text.unpack (Text.toLower (Text.pack uriRegName)))
  port <- case drop 1 uriPort of
    "" -> Right standard
    digits -> orElse noUrl (readMaybe digits)
  when (port < 1 || port > 65535) (Left noUrl)
  let shownPort = if port == standard then "" else ":" <> Char8.pack (show port)
  Right
    Address
      { addressOrigin = Char8.pack scheme <> "//" <> host <> shownPort,
        addressRequest =
          login uriUserInfo $
            defaultRequest
              { secure,
                host,
                port,
                path = if null (uriPath uri) then "/" else pasteable (uriPath uri),
                queryString = pasteable (drop 1 (uriQuery uri))
              },
        addressSocket = Nothing
      }
  where
    isUrlChar c = isAscii c && c > ' ' && c /= '\x7f' && c `notElem` ("\"`\\^|<>{}" :: String)
    -- Stands in a shell between quotes, and in curl.
    pasteable = Char8.pack . escapeURIString (\c -> not (isControl c) && c `notElem` ("'$![]" :: String))

-- | A URL whose login has no @\@@ of its own: a password may be written with one.
plainLogin :: Text -> Text
plainLogin text = case Text.breakOnEnd "@" authority of
  ("", _) -> text
  (user, host) -> scheme <> Text.replace "@" "%40" (Text.dropEnd 1 user) <> "@" <> host <> rest
  where
    (scheme, behind) = Text.splitAt (Text.length (fst (Text.breakOn "://" text)) + 3) text
    (authority, rest) = Text.break (`elem` ("/?#" :: String)) behind

login :: String -> Request -> Request
login "" = id
login info = applyBasicAuth (decoded user) (decoded (drop 1 password))
  where
    (user, password) = break (== ':') (takeWhile (/= '@') info)
    decoded = urlDecode False . Char8.pack

orElse :: e -> Maybe a -> Either e a
orElse problem = maybe (Left problem) Right

-- | How connections to this address are made.
connections :: Address -> ManagerSettings -> ManagerSettings
connections address settings = case addressSocket address of
  Just place -> direct {managerRawConnection = pure (\_ _ _ -> open place)}
  Nothing
    | isLoopback (host (addressRequest address)) -> direct
    | otherwise -> settings
  where
    -- A proxy from the environment has a loopback of its own.
    direct = managerSetProxy noProxy settings
    open place = bracketOnError (socket AF_UNIX Stream defaultProtocol) close $ \connected -> do
      connect connected (SockAddrUnix place)
      socketConnection connected 32752 >>= watchedSocket connected

isLoopback :: ByteString -> Bool
isLoopback name =
  name `elem` ["localhost", "[::1]"]
    || ".localhost" `ByteString.isSuffixOf` name
    || "127." `ByteString.isPrefixOf` name
