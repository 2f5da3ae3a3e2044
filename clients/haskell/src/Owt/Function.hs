{-# LANGUAGE OverloadedStrings #-}

-- | Functions that are called by name: their paths, and their arguments as JSON, which is how they
-- take them.
module Owt.Function
  ( function,
    byHash,
    functionUrlPath,
    functionJson,
    functionQuery,
    functionForm,
  )
where

import Data.Aeson (encode)
import Data.ByteString (ByteString)
import qualified Data.ByteString as ByteString
import qualified Data.ByteString.Base64 as Base64
import qualified Data.ByteString.Builder as Builder
import qualified Data.ByteString.Lazy as Lazy
import Data.List (intersperse)
import Data.Text (Text)
import qualified Data.Text as Text
import qualified Data.Text.Encoding as Text
import Network.HTTP.Types.URI (urlEncode)
import Owt.Call
import Owt.Python (Python (..), number)

-- | A call of a function that the server publishes, by its name: @tools.add@, or @tools/add@. It may have
-- all that other calls have, but 'owtCode', 'owtFnName' and 'owtCacheKwargs'.
--
-- > runOwt @POST (function "tools.add" (named [("x", PyInt 4)])) {owtTimeout = Just 3} client
function :: Text -> Kwargs -> Owt
function name kwargs = (SimpleOwt "" kwargs) {owtFunction = Just (Function parts Nothing)}
  where
    parts = Text.split (`elem` ("./" :: String)) name

-- | A call of a function of code that is known by its hash.
byHash :: Text -> Text -> Text -> Kwargs -> Owt
byHash code hash name kwargs =
  (SimpleOwt "" kwargs) {owtFunction = Just (Function ["_owt", "code", hash, name] (Just code))}

-- | The path of its URL. 'Left' says what of the call no function has.
functionUrlPath :: Owt -> Function -> Either Text ByteString
functionUrlPath call (Function parts _)
  | length parts < 2 || any Text.null parts = Left "this is no function's name: it is its module's and its own, as in tools.add"
  | owtFnName call /= "run" = Left "owtFnName is for calls that bring their code: name the function itself"
  | owtCacheKwargs call = Left "owtCacheKwargs is for calls that bring their code: a function is always kept by its arguments"
  | otherwise = Right (ByteString.concat (concat [["/", urlEncode False (Text.encodeUtf8 part)] | part <- parts]))

-- | The body of a POST.
functionJson :: Kwargs -> Either Text Lazy.ByteString
functionJson kwargs = Builder.toLazyByteString <$> (placedAndNamed kwargs >>= whole)
  where
    whole ([], byName) | not (any namesCode byName) = json (PyDict byName)
    whole (placed, byName) = json (PyDict [("args", PyList placed), ("kwargs", PyDict byName)])

-- | The query of a URL without its question mark: what is said of the call beside its arguments, and
-- with 'True' those too, by their names.
functionQuery :: Bool -> Owt -> Either Text ByteString
functionQuery withArguments call = do
  arguments <- if withArguments then texts "a URL" (owtKwargs call) else Right []
  let said = [(name, written field) | (name, field) <- settings call]
      given = [(name, Text.decodeUtf8 (Lazy.toStrict text)) | (name, text) <- arguments]
  Right (ByteString.intercalate "&" [formEncoded name <> "=" <> formEncoded value | (name, value) <- said <> given])

-- | The arguments as fields of a form, by their names.
functionForm :: Kwargs -> Either Text [(Text, Lazy.ByteString)]
functionForm = texts "a form with files"

texts :: Text -> Kwargs -> Either Text [(Text, Lazy.ByteString)]
texts place kwargs = do
  (placed, byName) <- placedAndNamed kwargs
  if any namesCode byName
    then Left (place <> " has no room for an argument called code, which would be run: POST it without files")
    else
      if null placed
        then mapM (traverse text) byName
        else Left (place <> " has no positions: give the function's arguments by their names")
  where
    text (PyText one) = Right (Lazy.fromStrict (Text.encodeUtf8 one))
    text (PyBytes one) = Right (Lazy.fromStrict (Base64.encode one))
    text PyNone = Right ""
    text other = Builder.toLazyByteString <$> json other

-- | An argument of that name would be run as code where it stands alone.
namesCode :: (Text, a) -> Bool
namesCode (name, _) = name `elem` ["code", "code_b64"]

placedAndNamed :: Kwargs -> Either Text ([Python], [(Text, Python)])
placedAndNamed kwargs = case kwargs of
  None -> Right ([], [])
  Value (PyDict byName) -> Right ([], byName)
  Value one -> Right ([one], [])
  Positions placed byName -> Right (placed, byName)
  Expression _ -> Left "a function's arguments are data, and no expression is evaluated for it"

-- | The value as JSON, with bytes in base64.
json :: Python -> Either Text Builder.Builder
json value = case value of
  PyNone -> Right "null"
  PyBool True -> Right "true"
  PyBool False -> Right "false"
  PyInt n -> Right (Builder.integerDec n)
  PyFloat n
    | isNaN n || isInfinite n -> Left "JSON has no NaN and no infinities, which are no argument of a function"
    | otherwise -> Right (Builder.byteString (Text.encodeUtf8 (number n)))
  PyText text -> Right (Builder.lazyByteString (encode text))
  PyBytes bytes -> Right (quoted (Builder.byteString (Base64.encode bytes)))
  PyList items -> inside '[' ']' <$> mapM json items
  PyDict members -> inside '{' '}' <$> mapM member members
  PyMistake why -> Left why
  where
    member (name, one) = ((Builder.lazyByteString (encode name) <> ":") <>) <$> json one
    quoted text = "\"" <> text <> "\""
    inside open close items = Builder.char7 open <> mconcat (intersperse "," items) <> Builder.char7 close
