{-# LANGUAGE OverloadedStrings #-}
{-# LANGUAGE TypeApplications #-}

-- | What every client reads: the events and the outcomes of clients/vectors.
module OutcomeSpec (spec) where

import Conduit
import Control.Applicative ((<|>))
import Control.Exception (try)
import Control.Monad (forM_)
import Data.Aeson
import qualified Data.Aeson.Key as Key
import qualified Data.Aeson.KeyMap as KeyMap
import Data.Aeson.Types (Parser, parseEither)
import Data.ByteString (ByteString)
import qualified Data.ByteString as ByteString
import qualified Data.ByteString.Base64 as Base64
import Data.IORef
import Data.Maybe (fromMaybe)
import Data.Text (Text)
import qualified Data.Text as Text
import qualified Data.Text.Encoding as Text
import Owt
import Peer
import Server (owtError, patiently)
import Test.Hspec
import VectorSpec (rows, tagged)

spec :: Text -> Spec
spec url = do
  client <- runIO (mkOwtClient url)
  streams <- runIO (rows "events.json")
  outcomes <- runIO (rows "outcomes.json")
  it "are there" $ (length streams, length outcomes) `shouldSatisfy` \(a, b) -> a > 60 && b > 120
  describe "events" $ forM_ streams $ \row -> it (Text.unpack (row ! "name")) (eventsAre row)
  describe "outcomes" $ forM_ outcomes $ \row -> it (Text.unpack (row ! "name")) (comesOut url client row)

(!) :: FromJSON a => Object -> Key -> a
row ! name = either error id (parseEither (.: name) row)

(!?) :: FromJSON a => Object -> Key -> Maybe a
row !? name = either error id (parseEither (.:? name) row)

-- | What an action gave before it failed, and how it failed.
gathered :: ConduitT () a (ResourceT IO) () -> IO ([a], Maybe OwtError)
gathered stream = do
  found <- newIORef []
  ended <- try . patiently . runConduitRes $ stream .| mapM_C (\one -> liftIO (modifyIORef' found (one :)))
  seen <- reverse <$> readIORef found
  pure (seen, either Just (const Nothing) ended)

eventsAre :: Object -> Expectation
eventsAre row = forM_ [row ! "cuts", [1 .. min 300 (ByteString.length bytes - 1)]] $ \cuts ->
  withPeer (\_ _ -> (chunked ["Content-Type: Text/Event-Stream;charset=utf-8"] (pieces cuts), Keep)) $ \peer -> do
    client <- mkOwtClient (peerUrl peer)
    (seen, failed) <- gathered (owtEvents @POST "x" noKwargs client)
    seen `shouldBe` map event (row ! "events")
    case (failed, row !? "problem") of
      (Nothing, Nothing) -> pure ()
      (Just (OwtProblem problem), Just wanted) -> problemMembers problem `shouldBe` wanted
      _ -> expectationFailure (show failed)
  where
    bytes = decoded (row ! "bytes")
    pieces cuts = [ByteString.take (end - start) (ByteString.drop start bytes) | (start, end) <- zip (0 : cuts) (cuts <> [ByteString.length bytes])]

event :: Object -> Event
event said = Event (fromMaybe "message" (said !? "event")) (said ! "data") (said !? "id")

decoded :: Text -> ByteString
decoded = either error id . Base64.decode . Text.encodeUtf8

-- | The JSON of a tagged value; numbers are compared as numbers.
plain :: Value -> Parser Value
plain value = case value of
  Object tags
    | Just (String digits) <- one "int" <|> one "float" -> maybe (fail "no number") pure (decodeStrict (Text.encodeUtf8 digits))
    | Just (Array items) <- one "list" -> Array <$> traverse plain items
    | Just dict <- one "dict" -> do
      entries <- parseJSON dict
      object <$> traverse (\(name, item) -> (Key.fromText name .=) <$> plain item) entries
    where
      one name = KeyMap.lookup name tags
  _ -> pure value

comesOut :: Text -> OwtClient -> Object -> Expectation
comesOut url client row = do
  value <- traverse (either fail pure . parseEither tagged) (KeyMap.lookup "kwargs" row)
  let options = fromMaybe mempty (row !? "options")
      simple = SimpleOwt (row ! "code") (maybe (maybe noKwargs python value) expression (row !? "kwargs_text"))
      call =
        simple
          { owtFnName = fromMaybe (owtFnName simple) (options !? "fn_name"),
            owtTimeout = options !? "timeout",
            owtHeaders = [("Accept", Text.encodeUtf8 media) | Just media <- [row !? "accept"]]
          }
      ask :: OwtResult r => IO r
      ask = if (row !? "method") == Just ("GET" :: Text) then runOwt @GET call client else runOwt @POST call client
      asked = if (row ! "ask") == ("json" :: Text) then () <$ (ask :: IO Value) else () <$ (ask :: IO Text)
  case KeyMap.lookup "problem" expect of
    Just wanted -> owtError asked >>= (`isTold` wanted)
    Nothing
      | has "cut" -> owtError asked >>= isCut
      | has "unreadable" -> owtError asked >>= isUnreadable
      | Just to <- expect !? "redirect" -> do
        failed <- owtError asked
        OwtRedirect _ _ _ <- pure failed
        forM_ [url, to] $ \part -> show failed `shouldContain` Text.unpack part
      | Just part <- expect !? "refused" -> do
        (_, failed) <- gathered (runOwtEvents @POST call client)
        show failed `shouldContain` Text.unpack part
      | Just lines' <- expect !? "lines" -> do
        wanted <- either fail pure (parseEither (traverse plain) lines')
        (seen, failed) <- gathered (runOwtStream @POST call client .| jsonLines)
        seen `shouldBe` (wanted :: [Value])
        ends failed
      | Just events' <- expect !? "events" -> do
        (seen, failed) <- gathered (runOwtEvents @POST call client)
        seen `shouldBe` map event events'
        ends failed
      | Just text <- expect !? "text" -> ask `shouldReturn` (text :: Text)
      | Just bytes <- expect !? "bytes" -> ask `shouldReturn` decoded bytes
      | otherwise -> do
        wanted <- either fail pure (parseEither plain (fromMaybe Null (KeyMap.lookup "value" expect)))
        ask `shouldReturn` wanted
  where
    expect = row ! "expect"
    has name = KeyMap.member name expect
    ends failed = case (failed, KeyMap.lookup "then" expect) of
      (Nothing, Nothing) -> pure ()
      (Just cut, Just (String "cut")) -> isCut cut
      (Just other, Just (String _)) -> isUnreadable other
      (Just told, Just wanted) -> told `isTold` wanted
      _ -> expectationFailure (show failed)
    isCut failed = case failed of
      OwtTransport _ _ -> pure ()
      other -> expectationFailure (show other)
    isUnreadable failed = case failed of
      OwtUnreadable _ -> pure ()
      other -> expectationFailure (show other)
    isTold failed wanted = do
      members <- either fail pure (parseEither parseJSON wanted)
      errorStatus failed `shouldBe` Just (members ! "status")
      forM_ (members !? "retry_after") $ \seconds -> errorRetryAfter failed `shouldBe` Just seconds
      case failed of
        OwtProblem problem -> problem `holds` members
        OwtFailure _ _ body -> forM_ (expect !? "text") $ \text -> Text.decodeUtf8 body `shouldBe` text
        other -> expectationFailure (show other)
    holds problem wanted = do
      forM_ (wanted !? "type") $ \end -> problemType problem `shouldSatisfy` (end `Text.isSuffixOf`)
      forM_ (wanted !? "detail") $ \part -> problemDetail problem `shouldSatisfy` (part `Text.isInfixOf`)
      forM_ ["title", "field", "line"] $ \name ->
        forM_ (KeyMap.lookup name wanted) $ \value -> KeyMap.lookup name (problemMembers problem) `shouldBe` Just value
      forM_ (wanted !? "members") $ \members ->
        forM_ (KeyMap.toList members) $ \(name, value) -> KeyMap.lookup name (problemMembers problem) `shouldBe` Just (value :: Value)
      forM_ (wanted !? "exception") $ \raised -> do
        forM_ (raised !? "type") $ \name -> fmap exceptionType (problemException problem) `shouldBe` Just name
        forM_ (raised !? "message") $ \text -> fmap exceptionMessage (problemException problem) `shouldBe` Just text
