{-# LANGUAGE OverloadedStrings #-}

-- | Answers as they come, and what may be in them.
module Owt.Stream
  ( answerBody,
    answerEvents,
    jsonLines,
    events,
    Event (..),
  )
where

import Conduit
import Control.Exception (throwIO)
import Control.Monad (unless)
import Data.Aeson (FromJSON, Value (..), decodeStrict, eitherDecodeStrict)
import qualified Data.Aeson.KeyMap as KeyMap
import Data.ByteString (ByteString)
import qualified Data.ByteString as ByteString
import qualified Data.ByteString.Char8 as Char8
import Data.Maybe (fromMaybe)
import Data.Text (Text)
import qualified Data.Text as Text
import qualified Data.Text.Encoding as Text
import Owt.Client (Answer (..), contentType, mediaType)
import Owt.Error (OwtError (..), Problem (..))
import Owt.Utf8 (decodeLenient)

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
jsonLines = (withoutMark .| linesUnboundedAsciiC) .| filterC (not . blank) .| mapMC (either wrong pure . eitherDecodeStrict)
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

-- | The events of an answer. Throws 'OwtUnreadable' for one that is no event stream, saying what it is.
answerEvents :: MonadIO m => Answer -> ConduitT i Event m ()
answerEvents answer
  | mediaType answer == "text/event-stream" = answerBody answer .| events
  | otherwise = liftIO (throwIO (OwtUnreadable ("the answer is " <> given <> ", no stream of events: let the adaptor give sse(...)")))
  where
    given = if Text.null (contentType answer) then "of no type" else contentType answer

-- | The events of a @text/event-stream@. One named @error@ that holds a problem ends them: it is thrown
-- as 'OwtProblem'.
events :: MonadIO m => ConduitT ByteString Event m ()
events = withoutMark .| eventLines .| go Nothing Nothing []
  where
    go lastId kind parts = await >>= maybe (pure ()) line
      where
        line "" = do
          unless (null parts) $
            give (Event (fromMaybe "message" kind) (Text.intercalate "\n" (reverse parts)) lastId)
          go lastId Nothing []
        line text = case field text of
          ("data", value) -> go lastId kind (value : parts)
          ("event", value) -> go lastId (said value) parts
          ("id", value) | Text.all (/= '\0') value -> go (said value) kind parts
          _ -> go lastId kind parts
    said value = if Text.null value then Nothing else Just value
    give event = maybe (yield event) (liftIO . throwIO . OwtProblem) (told event)
    field text =
      let (name, rest) = Char8.break (== ':') text
          value = Char8.drop 1 rest
       in (name, decoded (fromMaybe value (ByteString.stripPrefix " " value)))
    decoded = decodeLenient

-- | The problem that an event tells: it is named @error@, and is JSON with a title and a status of 400
-- or more.
told :: Event -> Maybe Problem
told event = do
  problem <- if eventType event == "error" then decodeStrict (Text.encodeUtf8 (eventData event)) else Nothing
  let hasTitle = case KeyMap.lookup "title" (problemMembers problem) of
        Just (String _) -> True
        _ -> False
  if hasTitle && problemStatus problem >= 400 then Just problem else Nothing

-- | The same bytes without the byte order mark that may be before them.
withoutMark :: Monad m => ConduitT ByteString ByteString m ()
withoutMark = go ""
  where
    mark = "\xEF\xBB\xBF"
    go begun = await >>= maybe (yield begun) (piece . (begun <>))
    piece bytes
      | ByteString.length bytes < 3 && bytes `ByteString.isPrefixOf` mark = go bytes
      | otherwise = yield (fromMaybe bytes (ByteString.stripPrefix mark bytes)) *> awaitForever yield

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
