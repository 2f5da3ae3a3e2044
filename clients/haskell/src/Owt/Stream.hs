{-# LANGUAGE OverloadedStrings #-}

-- | Answers as they come, and what may be in them.
module Owt.Stream
  ( answerBody,
    jsonLines,
    events,
    Event (..),
  )
where

import Conduit
import Control.Exception (throwIO)
import Control.Monad (unless)
import Data.Aeson (FromJSON, eitherDecodeStrict)
import Data.ByteString (ByteString)
import qualified Data.ByteString as ByteString
import qualified Data.ByteString.Char8 as Char8
import Data.Maybe (fromMaybe)
import Data.Text (Text)
import qualified Data.Text as Text
import qualified Data.Text.Encoding as Text
import qualified Data.Text.Encoding.Error as Text
import Owt.Client (Answer (..))
import Owt.Error (OwtError (..))

-- | The body piece by piece, each as soon as it comes, and none read before it is asked for. Where
-- one piece ends and the next begins is the network's doing. Throws 'OwtTransport' when the body was
-- cut short.
answerBody :: MonadIO m => Answer -> ConduitT i ByteString m ()
answerBody answer = do
  chunk <- liftIO (answerChunk answer)
  unless (ByteString.null chunk) $ yield chunk >> answerBody answer

-- | A value from each line, as adaptors send what is neither text nor bytes. Empty lines are passed
-- over; throws 'OwtUnreadable' for one that is not the JSON asked for.
jsonLines :: (MonadIO m, FromJSON a) => ConduitT ByteString a m ()
jsonLines = linesUnboundedAsciiC .| filterC (not . blank) .| mapMC (either wrong pure . eitherDecodeStrict)
  where
    blank = Char8.all (`elem` [' ', '\t', '\r'])
    wrong why = liftIO (throwIO (OwtUnreadable ("a line is not the JSON asked for: " <> Text.pack why)))

-- | An event of a server-sent stream (WHATWG HTML, section 9.2).
data Event = Event
  { -- | @message@ by default.
    eventType :: Text,
    eventData :: Text,
    -- | The id that was given last.
    eventId :: Maybe Text
  }
  deriving (Eq, Show)

-- | The events of a @text/event-stream@.
events :: Monad m => ConduitT ByteString Event m ()
events = eventLines .| (await >>= mapM_ (leftover . withoutMark)) *> go Nothing Nothing []
  where
    go lastId kind parts = await >>= maybe (pure ()) line
      where
        line "" = do
          unless (null parts) $
            yield (Event (fromMaybe "message" kind) (Text.intercalate "\n" (reverse parts)) lastId)
          go lastId Nothing []
        line text = case field text of
          ("data", value) -> go lastId kind (value : parts)
          ("event", value) -> go lastId (if Text.null value then Nothing else Just value) parts
          ("id", value) | Text.all (/= '\0') value -> go (Just value) kind parts
          _ -> go lastId kind parts
    field text =
      let (name, rest) = Char8.break (== ':') text
          value = Char8.drop 1 rest
       in (name, decoded (fromMaybe value (ByteString.stripPrefix " " value)))
    withoutMark text = fromMaybe text (ByteString.stripPrefix "\xEF\xBB\xBF" text)
    decoded = Text.decodeUtf8With Text.lenientDecode

-- | Lines that end with LF, CR or both, each as soon as its end begins. What follows the last end is
-- no line.
eventLines :: Monad m => ConduitT ByteString ByteString m ()
eventLines = go [] False
  where
    -- `begun` is a line's pieces, the last first; after a CR, an LF belongs to it.
    go begun afterReturn = await >>= mapM_ (piece begun afterReturn)
    piece begun afterReturn bytes
      | ByteString.null bytes = go begun afterReturn
      | afterReturn, Just rest <- ByteString.stripPrefix "\n" bytes = piece begun False rest
      | otherwise = case Char8.break (`elem` ['\r', '\n']) bytes of
          (text, end)
            | ByteString.null end -> go (text : begun) False
            | otherwise -> do
                yield (ByteString.concat (reverse (text : begun)))
                piece [] (ByteString.isPrefixOf "\r" end) (ByteString.drop 1 end)
