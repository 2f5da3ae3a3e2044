{-# LANGUAGE OverloadedStrings #-}
{-# LANGUAGE TypeApplications #-}

-- | Streams: chunks as they are made, cancelled calls, what is in them, flat memory.
module StreamSpec (spec) where

import Conduit
import Control.Concurrent.Async (cancel, withAsync)
import Control.Exception (evaluate)
import Control.Monad (forM_)
import Data.Aeson (Value, eitherDecodeFileStrict, object, toJSON, (.=))
import Data.ByteString (ByteString)
import qualified Data.ByteString as ByteString
import Data.Text (Text)
import qualified Data.Text as Text
import Owt
import Server
import System.FilePath ((</>))
import System.IO (IOMode (..), hSetFileSize, withBinaryFile)
import Test.Hspec

spec :: Text -> Spec
spec url = do
  client <- runIO (mkOwtClient url)
  let running stream = patiently (runConduitRes stream)
      plain code = owtStream @POST code noKwargs client
      -- Of the adaptor with that name.
      streamOf name = owtStream @POST (steps name) (named [("step", "stream")]) client
      name `step` what = owt @POST (steps name) (named [("step", what)]) client :: IO Text

  it "give the first chunk before the last is made" $ do
    seen <- running $ streamOf "gate" .| do
      first <- await
      -- Nothing else lets the adaptor go on.
      opened <- liftIO ("gate" `step` "open")
      rest <- sinkList
      pure (first, opened, rest)
    seen `shouldBe` (Just "first", "opened", ["second"])

  it "cancel the call when they are left" $ do
    running (streamOf "left" .| await) `shouldReturn` Just "first"
    patiently ("left" `step` "cancelled") `shouldReturn` "True"

  it "cancel the call when their thread is ended before the answer begins" $ do
    withAsync ("ended" `step` "hang") $ \call -> do
      patiently ("ended" `step` "started") `shouldReturn` "True"
      cancel call
    patiently ("ended" `step` "cancelled") `shouldReturn` "True"

  it "that are cut short are errors" $ do
    let cut = plain "def run():\n    yield b'some'\n    raise ValueError"
    OwtTransport _ _ <- owtError (running (cut .| sinkNull))
    pure ()

  it "that fail before the first chunk are problems" $ do
    let none = owtStream @GET "def run():\n    raise ValueError('no')\n    yield" noKwargs client
    OwtProblem problem <- owtError (running (none .| sinkNull))
    fmap exceptionMessage (problemException problem) `shouldBe` Just "no"

  it "of values are JSON lines" $ do
    let values = plain "def run():\n    yield {'i': 0}\n    yield '\\n\\r\\n'\n    yield [1]"
    running (values .| jsonLines .| sinkList)
      `shouldReturn` [object ["i" .= (0 :: Int)], toJSON [1 :: Int]]
    OwtUnreadable _ <- owtError (running (plain "lambda: 'text'" .| jsonLines .| mapC (id @Value) .| sinkNull))
    pure ()

  it "of events are events" $ do
    running (plain "lambda: sse([{'i': 0}, 'größe'])" .| events .| sinkList)
      `shouldReturn` [Event "message" "{\"i\":0}" Nothing, Event "message" "größe" Nothing]
    let text =
          ": a comment\r\nevent: tick\r\ndata: one\r\ndata:two\r\ndata\r\nid: 7\r\n\r\n"
            <> "event: empty\n\ndata: last\n\ndata: cut"
        read' :: [ByteString] -> IO [Event]
        read' pieces = runConduit (yieldMany pieces .| events .| sinkList)
    forM_ [[text], map ByteString.singleton (ByteString.unpack text)] $ \pieces ->
      read' pieces `shouldReturn` [Event "tick" "one\ntwo\n" (Just "7"), Event "message" "last" (Just "7")]

  it "of events are read as the standard has it" $ do
    let bytes = "\xEF\xBB\xBF\&data: one\rdata\r\r\nevent\nid: a\0b\r\ndata:  \xC3\xB6\r\n\rdata:x\r\n\r\ndata: cut\r"
        wanted = [Event "message" "one\n" Nothing, Event "message" " ö" Nothing, Event "message" "x" Nothing]
    forM_ [[bytes], map ByteString.singleton (ByteString.unpack bytes)] $ \pieces ->
      runConduit (yieldMany pieces .| events .| sinkList) `shouldReturn` wanted

  it "of events end a line before the next byte comes" $
    runConduit (yieldMany ["data: 1\r\r", error "not waited for"] .| events .| await)
      `shouldReturn` Just (Event "message" "1" Nothing)

  it "carry any text" $ do
    texts <- either fail pure =<< eitherDecodeFileStrict "../vectors/texts.json"
    let withTexts code = owtStream @POST code (named [("texts", toPython texts)]) client
        asLines = Text.replace "\r" "\n" . Text.replace "\r\n" "\n"
    running (withTexts "lambda texts: sse(texts)" .| events .| mapC eventData .| sinkList)
      `shouldReturn` map asLines texts
    running (withTexts "lambda texts: ([text] for text in texts)" .| jsonLines .| mapC (id @[Text]) .| concatC .| sinkList)
      `shouldReturn` texts

  describe "of 100 MB" $ do
    it "come in flat memory" $ do
      (total, grown) <- growth (running (plain "lambda: (bytes(65536) for _ in range(1600))" .| lengthCE))
      total `shouldBe` (1600 * 65536 :: Int)
      grown `shouldSatisfy` (< 24 * mebi)
    it "go in flat memory" $ do
      (total, grown) <- withFolder $ \folder -> do
        let file = folder </> "zeroes"
        withBinaryFile file WriteMode (`hSetFileSize` 104857600)
        growth . patiently $ do
          body <- streamFile file
          runOwt @POST (SimpleOwt "lambda: len(request.data)" noKwargs) {owtBody = Just body} client
      total `shouldBe` (104857600 :: Int)
      grown `shouldSatisfy` (< 24 * mebi)

mebi :: Int
mebi = 1048576

-- | How many bytes this process held at most above what it held before.
growth :: IO a -> IO (a, Int)
growth action = do
  -- Sets the peak to what is held now: proc(5).
  writeFile "/proc/self/clear_refs" "5"
  held <- field "VmRSS:"
  result <- action >>= evaluate
  peak <- field "VmHWM:"
  pure (result, peak - held)
  where
    field name = do
      status <- readFile "/proc/self/status"
      case [kibi | (found : kibi : _) <- map words (lines status), found == name] of
        kibi : _ -> pure (read kibi * 1024)
        [] -> fail ("no " <> name)

-- | An adaptor whose calls wait for one another; it is another for each name.
steps :: Text -> Text
steps name =
  Text.unlines
    [ "# " <> name,
      "import threading",
      "gate, started, cancelled = threading.Event(), threading.Event(), threading.Event()",
      "def stream():",
      "    try:",
      "        yield b'first'",
      "        gate.wait()",
      "        yield b'second'",
      "    except BaseException:",
      "        cancelled.set()",
      "        raise",
      "def run(step):",
      "    if step == 'open':",
      "        gate.set()",
      "        return 'opened'",
      "    if step == 'hang':",
      "        started.set()",
      "        try:",
      "            gate.wait()",
      "        except BaseException:",
      "            cancelled.set()",
      "            raise",
      "    if step == 'stream':",
      "        return stream()",
      "    return str({'started': started, 'cancelled': cancelled}[step].wait(20))"
    ]
