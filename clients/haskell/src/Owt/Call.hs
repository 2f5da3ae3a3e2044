{-# LANGUAGE NamedFieldPuns #-}
{-# LANGUAGE OverloadedStrings #-}
{-# LANGUAGE PatternSynonyms #-}

-- | A call: code, arguments, and what else the server is told. @docs/wire.md@ of owt says what the
-- fields mean to it.
module Owt.Call
  ( Owt (.., SimpleOwt),
    Kwargs,
    toKwargs,
    named,
    python,
    expression,
    noKwargs,
    callJson,
    callQuery,
  )
where

import Data.Aeson (ToJSON, Value (..), object, (.=))
import qualified Data.Aeson.Key as Key
import Data.Aeson.Types (Pair)
import Data.ByteString (ByteString)
import qualified Data.ByteString as ByteString
import qualified Data.ByteString.Base64 as Base64
import qualified Data.ByteString.Base64.URL as Base64Url
import qualified Data.ByteString.Char8 as Char8
import Data.Maybe (fromMaybe)
import Data.Scientific (fromFloatDigits)
import Data.String (IsString (..))
import Data.Text (Text)
import qualified Data.Text as Text
import qualified Data.Text.Encoding as Text
import Network.HTTP.Client (RequestBody)
import Network.HTTP.Types (RequestHeaders)
import Network.HTTP.Types.URI (urlEncode)
import Owt.Python (Python (..), literal, number, toPython)

-- | A call with all that can be said of it. Begin with 'SimpleOwt' and set fields:
--
-- > (SimpleOwt "f(math.sqrt)" "2") {owtUseCache = True, owtTimeout = Just 3}
data Owt = Owt
  { -- | The adaptor: Python that defines 'owtFnName', or one expression.
    owtCode :: Text,
    owtKwargs :: Kwargs,
    -- | The name that the code defines; @run@ by default.
    owtFnName :: Text,
    -- | Keep the result and reuse a kept one.
    owtUseCache :: Bool,
    -- | Make the arguments part of the cache's key.
    owtCacheKwargs :: Bool,
    -- | Use this key of the cache instead.
    owtCacheKey :: Maybe Text,
    -- | Share the result with the server's other users.
    owtCacheShared :: Bool,
    -- | The deadline in seconds, after which the server cancels the call.
    owtTimeout :: Maybe Double,
    -- | Further headers; they replace those that are sent anyway.
    owtHeaders :: RequestHeaders,
    -- | Data for the adaptor, its @request.data@, sent as @application/octet-stream@ unless a header
    -- says otherwise. The call then travels in the URL. Only for POST.
    owtBody :: Maybe RequestBody
  }

-- | A call that is nothing but code and arguments.
pattern SimpleOwt :: Text -> Kwargs -> Owt
pattern SimpleOwt code kwargs <-
  Owt {owtCode = code, owtKwargs = kwargs}
  where
    SimpleOwt owtCode owtKwargs =
      Owt
        { owtCode,
          owtKwargs,
          owtFnName = defaultFnName,
          owtUseCache = False,
          owtCacheKwargs = False,
          owtCacheKey = Nothing,
          owtCacheShared = False,
          owtTimeout = Nothing,
          owtHeaders = [],
          owtBody = Nothing
        }

defaultFnName :: Text
defaultFnName = "run"

-- | The arguments of a call. A string literal of Haskell is one unnamed text.
data Kwargs
  = None
  | Value Python
  | Expression Text
  deriving (Eq, Show)

instance IsString Kwargs where
  fromString = python . fromString

-- | An object or a record is named arguments, anything else one unnamed value, and what is @null@ in
-- JSON none at all. Text arrives as that text, whatever it holds.
toKwargs :: ToJSON a => a -> Kwargs
toKwargs = python . toPython

-- | Arguments by their names.
named :: [(Text, Python)] -> Kwargs
named = Value . PyDict

-- | Like 'toKwargs', for bytes, NaN and infinities, which JSON has not.
python :: Python -> Kwargs
python PyNone = None
python value = Value value

-- | A Python expression, which the server evaluates as it is. Never put data of others into it.
expression :: Text -> Kwargs
expression = Expression

-- | No arguments.
noKwargs :: Kwargs
noKwargs = None

-- | What @kwargs_b64@ holds.
kwargsText :: Kwargs -> Either Text (Maybe Text)
kwargsText None = Right Nothing
kwargsText (Expression text) = Right (Just text)
-- The server evaluates text once more: what is data here must not become code there.
kwargsText (Value text@(PyText _)) = Just <$> (literal text >>= literal . PyText)
kwargsText (Value value) = Just <$> literal value

-- | The JSON body of a POST. 'Left' says what of the arguments cannot be written.
callJson :: Owt -> Either Text Value
callJson call = do
  kwargs <- kwargsText (owtKwargs call)
  Right . object $
    ["code_b64" .= encoded (owtCode call)]
      <> maybe [] (\text -> ["kwargs_b64" .= encoded text]) kwargs
      <> map field (settings call)
  where
    encoded = Text.decodeLatin1 . Base64.encode . Text.encodeUtf8
    field :: (Text, Setting) -> Pair
    field (name, setting) =
      Key.fromText name .= case setting of
        Flag -> Bool True
        Words text -> String text
        Seconds n -> Number (fromFloatDigits n)

-- | The call in the query string of a URL, without a leading question mark.
callQuery :: Owt -> Either Text ByteString
callQuery call = do
  kwargs <- kwargsText (owtKwargs call)
  Right . ByteString.intercalate "&" $
    ["code_b64=" <> encoded (owtCode call)]
      <> maybe [] (\text -> ["kwargs_b64=" <> encoded text]) kwargs
      <> [Text.encodeUtf8 name <> "=" <> formEncoded (written setting) | (name, setting) <- settings call]
  where
    encoded = Base64Url.encodeUnpadded . Text.encodeUtf8
    written setting = case setting of
      Flag -> "true"
      Words text -> text
      Seconds n -> seconds n

-- | A field beside code and arguments.
data Setting
  = -- | True.
    Flag
  | Words Text
  | Seconds Double

-- | Those that differ from the server's defaults.
settings :: Owt -> [(Text, Setting)]
settings call =
  [("fn_name", Words (owtFnName call)) | owtFnName call /= defaultFnName]
    <> [("use_cache", Flag) | owtUseCache call]
    <> [("cache_kwargs", Flag) | owtCacheKwargs call]
    <> [("cache_key_override", Words key) | Just key <- [owtCacheKey call]]
    <> [("cache_shared", Flag) | owtCacheShared call]
    <> [("timeout", Seconds n) | Just n <- [owtTimeout call]]

-- | Whole seconds without a fraction: @3@, not @3.0@.
seconds :: Double -> Text
seconds n = fromMaybe (number n) (Text.stripSuffix ".0" (number n))

-- | As a form writes it (WHATWG URL, application/x-www-form-urlencoded).
formEncoded :: Text -> ByteString
formEncoded = Char8.concatMap written . Text.encodeUtf8
  where
    written ' ' = "+"
    written '*' = "*"
    written '~' = "%7E"
    written c = urlEncode True (Char8.singleton c)
