{-# LANGUAGE FlexibleInstances #-}
{-# LANGUAGE OverloadedStrings #-}
{-# LANGUAGE UndecidableInstances #-}

-- | What an answer can be read as.
module Owt.Result (OwtResult (..)) where

import Control.Exception (throwIO)
import Data.Aeson (FromJSON, eitherDecode)
import Data.ByteString (ByteString)
import qualified Data.ByteString as ByteString
import qualified Data.ByteString.Lazy as Lazy
import Data.Text (Text)
import qualified Data.Text as Text
import qualified Data.Text.Encoding as Text
import qualified Data.Text.Lazy as LazyText
import Owt.Client (Answer (..))
import Owt.Error (OwtError (..))

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

instance OwtResult Text where
  fromAnswer answer = do
    body <- fromAnswer answer
    case Text.decodeUtf8' body of
      Right text -> pure text
      Left _ -> throwIO (OwtUnreadable "the answer is not UTF-8 text; ask for a ByteString")

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

-- | Any other type is read from JSON.
instance {-# OVERLAPPABLE #-} FromJSON a => OwtResult a where
  accepted _ = Just "application/json"
  fromAnswer answer = do
    body <- fromAnswer answer
    case eitherDecode body of
      Right value -> pure value
      Left why -> throwIO (OwtUnreadable ("the answer is not the JSON asked for: " <> Text.pack why))
