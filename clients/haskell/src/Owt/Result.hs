{-# LANGUAGE FlexibleInstances #-}
{-# LANGUAGE OverloadedStrings #-}
{-# LANGUAGE UndecidableInstances #-}

-- | What an answer can be read as.
module Owt.Result (OwtResult (..), JsonOrText (..)) where

import Control.Exception (throwIO)
import Data.Aeson (FromJSON, Result (..), Value (..), eitherDecode, fromJSON)
import Data.ByteString (ByteString)
import qualified Data.ByteString as ByteString
import qualified Data.ByteString.Lazy as Lazy
import Data.Maybe (fromMaybe)
import Data.Text (Text)
import qualified Data.Text as Text
import qualified Data.Text.Encoding as Text
import qualified Data.Text.Lazy as LazyText
import qualified Data.Text.Encoding.Error as Text
import Owt.Client (Answer (..), contentType, mediaType)
import Owt.Error (OwtError (..))
import Owt.Utf8 (decodeLenient)

-- | What a call can give: the body as bytes or as text, nothing, or else what its JSON holds.
class OwtResult result where
  -- | Reads the body to its end.
  fromAnswer :: Answer -> IO result

  -- | The media type that the server is asked for, if it matters; a header @Accept@ of the call's
  -- own goes before.
  accepted :: proxy result -> Maybe ByteString
  accepted _ = Nothing

instance OwtResult Lazy.ByteString where
  fromAnswer answer = Lazy.fromChunks <$> chunks
    where
      chunks = do
        chunk <- answerChunk answer
        if ByteString.null chunk then pure [] else (chunk :) <$> chunks

instance OwtResult ByteString where
  fromAnswer = fmap Lazy.toStrict . fromAnswer

-- | In the charset that the answer's type names, else in UTF-8. Bytes that are none become U+FFFD, and
-- a byte order mark is no part of it.
instance OwtResult Text where
  fromAnswer answer = withoutMark . decoder (charset (contentType answer)) <$> fromAnswer answer
    where
      withoutMark text = fromMaybe text (Text.stripPrefix "\xfeff" text)

-- | How bytes of that charset are read. One that is none of these is taken for UTF-8.
decoder :: Text -> ByteString -> Text
decoder name = case name of
  _ | name `elem` ["iso-8859-1", "latin1", "us-ascii", "ascii"] -> Text.decodeLatin1
  "utf-16be" -> Text.decodeUtf16BEWith Text.lenientDecode
  _ | name `elem` ["utf-16", "utf-16le"] -> utf16
  _ -> decodeLenient
  where
    utf16 bytes
      | "\xfe\xff" `ByteString.isPrefixOf` bytes = Text.decodeUtf16BEWith Text.lenientDecode bytes
      | otherwise = Text.decodeUtf16LEWith Text.lenientDecode bytes

charset :: Text -> Text
charset media = Text.dropAround (== '"') (Text.takeWhile (/= ';') (Text.drop (Text.length mark) named))
  where
    mark = "charset="
    named = snd (Text.breakOn mark (Text.toLower (Text.filter (/= ' ') media)))

instance OwtResult LazyText.Text where
  fromAnswer = fmap LazyText.fromStrict . fromAnswer

-- | The body as text, not a text in JSON.
instance {-# OVERLAPPING #-} OwtResult String where
  fromAnswer = fmap Text.unpack . fromAnswer

-- | Waits for the end and forgets the body.
instance OwtResult () where
  fromAnswer answer = do
    chunk <- answerChunk answer
    if ByteString.null chunk then pure () else fromAnswer answer

-- | What JSON holds, or the text that a function answers, which comes without quotes.
newtype JsonOrText a = JsonOrText {jsonOrText :: a}

instance FromJSON a => OwtResult (JsonOrText a) where
  accepted _ = Just "application/json, */*;q=0.5"
  fromAnswer answer
    | mediaType answer == "application/json" = JsonOrText <$> fromJsonBody answer
    | Text.null (contentType answer) = JsonOrText <$> read' Null
    | otherwise = JsonOrText <$> (fromAnswer answer >>= read' . String)
    where
      read' value = case fromJSON value of
        Success one -> pure one
        Error why -> throwIO (OwtUnreadable ("the answer is not the value asked for: " <> Text.pack why))

-- | Any other type is read from JSON.
instance {-# OVERLAPPABLE #-} FromJSON a => OwtResult a where
  accepted _ = Just "application/json"
  fromAnswer = fromJsonBody

fromJsonBody :: FromJSON a => Answer -> IO a
fromJsonBody answer = do
  body <- fromAnswer answer
  -- A byte order mark is passed over (RFC 8259, 8.1).
  case eitherDecode (fromMaybe body (Lazy.stripPrefix "\xEF\xBB\xBF" body)) of
    Right value -> pure value
    Left why -> throwIO (OwtUnreadable ("the answer is not the JSON asked for: " <> Text.pack why))
