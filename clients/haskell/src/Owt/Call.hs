{-# LANGUAGE NamedFieldPuns #-}
{-# LANGUAGE OverloadedStrings #-}
{-# LANGUAGE PatternSynonyms #-}

-- | A call: code, arguments, and what else the server is told. @docs/wire.md@ of owt says what the
-- fields mean to it.
module Owt.Call
  ( Owt (.., SimpleOwt),
    Function (..),
    Kwargs (..),
    toKwargs,
    named,
    positional,
    positionalAndNamed,
    python,
    expression,
    noKwargs,
    callJson,
    callForm,
    callQuery,
    settings,
    written,
    formEncoded,
  )
where

import Data.Aeson (ToJSON, encode)
import Data.ByteString (ByteString)
import qualified Data.ByteString as ByteString
import qualified Data.ByteString.Base64.Lazy as Base64
import qualified Data.ByteString.Base64.URL as Base64Url
import qualified Data.ByteString.Char8 as Char8
import qualified Data.ByteString.Lazy as Lazy
import Data.Maybe (fromMaybe)
import Data.String (IsString (..))
import Data.Text (Text)
import qualified Data.Text as Text
import qualified Data.Text.Encoding as Text
import Network.HTTP.Client (RequestBody)
import Network.HTTP.Client.MultipartFormData (Part)
import Network.HTTP.Types (RequestHeaders)
import Network.HTTP.Types.URI (urlEncode)
import Owt.Json (toPython)
import Owt.Python (Python (..), literal, literalBytes, number)

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
    owtBody :: Maybe RequestBody,
    -- | Files for the adaptor, its @request.files@, made by 'partBS', 'partFileSource' and the like.
    -- One without a file's name gets the name under which it goes.
    -- The call goes with them whatever its length. Only for POST.
    owtFiles :: [Part],
    -- | The function that is called by its name, in place of code: see 'Owt.function'.
    owtFunction :: Maybe Function
  }

-- | A function that the server finds by its name.
data Function = Function
  { -- | The parts of its URL's path.
    functionPath :: [Text],
    -- | The code whose function it is, to send again where the server has it no more.
    functionCode :: Maybe Text
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
          owtBody = Nothing,
          owtFiles = [],
          owtFunction = Nothing
        }

defaultFnName :: Text
defaultFnName = "run"

-- | The arguments of a call. A string literal of Haskell is one unnamed text.
data Kwargs
  = None
  | Value Python
  | -- | By their positions, and by their names.
    Positions [Python] [(Text, Python)]
  | Expression Text
  deriving (Eq, Show)

instance IsString Kwargs where
  fromString = python . fromString

-- | An object or a record is named arguments, anything else one unnamed value, and what is @null@ in
-- JSON none at all. Text arrives as that text, whatever it holds. JSON has no NaN: see 'toPython'.
toKwargs :: ToJSON a => a -> Kwargs
toKwargs = python . toPython

-- | Arguments by their names.
named :: [(Text, Python)] -> Kwargs
named = Value . PyDict

-- | Arguments by their positions, of a function that is called by its name.
positional :: [Python] -> Kwargs
positional placed = Positions placed []

-- | The same with others by their names.
positionalAndNamed :: [Python] -> [(Text, Python)] -> Kwargs
positionalAndNamed = Positions

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
kwargsText :: Kwargs -> Either Text (Maybe Lazy.ByteString)
kwargsText None = Right Nothing
kwargsText (Positions _ _) =
  Left "only a function that is called by its name takes arguments by their positions: use named"
kwargsText (Expression text) = Right (Just (utf8 text))
-- The server evaluates text once more: what is data here must not become code there.
kwargsText (Value text@(PyText _)) = Just <$> (literal text >>= literalBytes . PyText)
kwargsText (Value value) = Just <$> literalBytes value

utf8 :: Text -> Lazy.ByteString
utf8 = Lazy.fromStrict . Text.encodeUtf8

-- | The JSON body of a POST. 'Left' says what of the arguments cannot be written.
callJson :: Owt -> Either Text Lazy.ByteString
callJson call = do
  found <- fields call
  Right ("{" <> Lazy.intercalate "," [encode name <> ":" <> json field | (name, field) <- found] <> "}")
  where
    json field = case field of
      Encoded text -> "\"" <> Base64.encode text <> "\""
      Flag -> "true"
      Words text -> encode text
      Seconds n -> utf8 (seconds n)

-- | The call as fields of a form.
callForm :: Owt -> Either Text [(Text, Lazy.ByteString)]
callForm call = map (fmap text) <$> fields call
  where
    text field = case field of
      Encoded raw -> Base64.encode raw
      other -> utf8 (written other)

-- | The call in the query string of a URL, without a leading question mark.
callQuery :: Owt -> Either Text ByteString
callQuery call = do
  found <- fields call
  Right (ByteString.intercalate "&" [Text.encodeUtf8 name <> "=" <> pasteable field | (name, field) <- found])
  where
    pasteable field = case field of
      Encoded raw -> Base64Url.encodeUnpadded (Lazy.toStrict raw)
      other -> formEncoded (written other)

-- | The value of a field.
data Field
  = -- | Sent as base64.
    Encoded Lazy.ByteString
  | -- | True.
    Flag
  | Words Text
  | Seconds Double

-- | A field that is not encoded, as text.
written :: Field -> Text
written field = case field of
  Flag -> "true"
  Words text -> text
  Seconds n -> seconds n
  Encoded raw -> Text.decodeUtf8 (Lazy.toStrict raw)

fields :: Owt -> Either Text [(Text, Field)]
fields call = do
  kwargs <- kwargsText (owtKwargs call)
  Right $
    [("code_b64", Encoded (utf8 (owtCode call)))]
      <> [("kwargs_b64", Encoded text) | Just text <- [kwargs]]
      <> settings call

-- | Those that differ from the server's defaults.
settings :: Owt -> [(Text, Field)]
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
formEncoded = Char8.concatMap letter . Text.encodeUtf8
  where
    letter ' ' = "+"
    letter '*' = "*"
    letter '~' = "%7E"
    letter c = urlEncode True (Char8.singleton c)
