{-# LANGUAGE OverloadedStrings #-}
{-# LANGUAGE TypeApplications #-}

-- | Calls of a real server: arguments, results, options, errors.
module CallSpec (spec) where

import Control.Exception (bracket_)
import Control.Monad (forM_, void)
import Data.Aeson (Value, object, toJSON, (.=))
import Data.ByteString (ByteString)
import qualified Data.ByteString as ByteString
import qualified Data.ByteString.Lazy as Lazy
import Data.Text (Text)
import qualified Data.Text as Text
import qualified Data.Text.Lazy as LazyText
import Network.HTTP.Client.MultipartFormData (PartM (..))
import Owt
import Server (owtError)
import System.Environment (setEnv, unsetEnv)
import Test.Hspec

spec :: Text -> Spec
spec url = do
  client <- runIO (mkOwtClient url)
  let repr kwargs = owt @POST "lambda *a, **k: repr((a, k))" kwargs client :: IO Text
      failing call = owtError (runOwt @POST call client :: IO ())

  describe "a result" $ do
    it "is bytes" $ do
      owt @POST "lambda: bytes(range(256))" noKwargs client `shouldReturn` ByteString.pack [0 .. 255]
      owt @POST "lambda: bytes(range(256))" noKwargs client `shouldReturn` Lazy.pack [0 .. 255]
    it "is text" $ do
      owt @POST "lambda: 'größe \\N{MUSICAL NOTE}'" noKwargs client `shouldReturn` ("größe \x1f3b5" :: Text)
      owt @GET "lambda: 'größe'" noKwargs client `shouldReturn` ("größe" :: LazyText.Text)
      owt @GET "lambda: 'größe'" noKwargs client `shouldReturn` ("größe" :: String)
    it "is nothing" $ owt @POST "lambda: 'forgotten'" noKwargs client `shouldReturn` ()
    it "is what its JSON holds" $ do
      owt @POST "lambda: [1, 2.5]" noKwargs client `shouldReturn` [1 :: Double, 2.5]
      owt @POST "lambda: {'a': None}" noKwargs client `shouldReturn` object ["a" .= (Nothing :: Maybe Int)]
    it "is asked for as JSON where it is read as that" $ do
      let code = "lambda request: [request.headers.get('Accept')]"
          call = SimpleOwt code noKwargs
      owt @POST code noKwargs client `shouldReturn` [Just ("application/json" :: Text)]
      runOwt @GET call {owtHeaders = [("Accept", "text/x-y, */*")]} client
        `shouldReturn` [Just ("text/x-y, */*" :: Text)]
      owt @POST code noKwargs client `shouldReturn` ("[null]" :: Text)
    it "has a head" $ do
      let call = SimpleOwt "lambda: ('made', 201, {'X-Made': 'yes'})" noKwargs
          head' answer = (answerStatus answer, lookup "X-Made" (answerHeaders answer))
      withOwt @POST call client (pure . head') `shouldReturn` (201, Just "yes")
    it "comes together with its head" $
      withOwt @POST (SimpleOwt "lambda: [1]" noKwargs) client $ \answer -> do
        answerRequestId answer `shouldSatisfy` maybe False (not . ByteString.null)
        map fst (answerTimings answer) `shouldContain` ["run"]
        readAnswer answer `shouldReturn` [1 :: Int]
    it "may be a redirect, which is not followed" $
      withOwt @POST (SimpleOwt "lambda: redirect('/elsewhere')" noKwargs) client (pure . answerStatus)
        `shouldReturn` 302

  describe "arguments" $ do
    it "are none" $ repr noKwargs `shouldReturn` "((), {})"
    it "are one text, which is data" $ do
      repr "1 + 1" `shouldReturn` "(('1 + 1',), {})"
      repr (toKwargs ("it's \"\\\n\x1f3b5" :: Text)) `shouldReturn` "(('it\\'s \"\\\\\\n\x1f3b5',), {})"
    it "are one value" $ do
      repr (toKwargs [1 :: Double, 0.5]) `shouldReturn` "(([1.0, 0.5],), {})"
      repr (python (PyBytes "\0'")) `shouldReturn` "((b\"\\x00'\",), {})"
      repr (python (PyList [PyFloat (1 / 0), PyFloat (0 / 0)])) `shouldReturn` "(([inf, nan],), {})"
    it "have names" $ do
      repr (named [("name", "owt"), ("größe", PyInt (2 ^ (70 :: Int)))])
        `shouldReturn` "((), {'name': 'owt', 'größe': 1180591620717411303424})"
      repr (toKwargs (object ["on" .= True])) `shouldReturn` "((), {'on': True})"
      repr (toKwargs (object ["off" .= (Nothing :: Maybe Int)])) `shouldReturn` "((), {'off': None})"
    it "are an expression" $ repr (expression "{'n': 2**64}") `shouldReturn` "((), {'n': 18446744073709551616})"
    it "of every character come back" $ do
      let text = Text.pack (['\0' .. '\x2fff'] <> "\xfeff\xfffd\x1f600\x10ffff")
      owt @POST "lambda text: text" (named [("text", PyText text)]) client `shouldReturn` text
      owt @POST "lambda text: text" (toKwargs text) client `shouldReturn` text

  describe "a call" $ do
    it "names its function" $
      runOwt @POST (SimpleOwt "def main(): return 'main'" noKwargs) {owtFnName = "main"} client
        `shouldReturn` ("main" :: Text)
    it "is cached" $ do
      let counting kwargs = (SimpleOwt "import itertools\nn = itertools.count()\ndef run(x): return next(n)" kwargs)
          each key = (counting key) {owtUseCache = True, owtCacheKwargs = True}
          all' key = (counting key) {owtUseCache = True, owtCacheKey = Just "a/b c+d&e"}
      mapM (\key -> runOwt @POST (each key) client) ["a", "b", "a"] `shouldReturn` [0 :: Int, 1, 0]
      mapM (\key -> runOwt @GET (all' key) client) ["a", "c"] `shouldReturn` [2 :: Int, 2]
    it "has a deadline" $ do
      let forever = SimpleOwt "import threading\ndef run(): threading.Event().wait()" noKwargs
      OwtProblem problem <- failing forever {owtTimeout = Just 0.25}
      problemStatus problem `shouldBe` 504
      problemType problem `shouldSatisfy` ("deadline-passed" `Text.isSuffixOf`)
    it "has headers and a body" $ do
      let call = SimpleOwt "lambda: [request.headers['X-Mine'], request.content_type, len(request.data)]" noKwargs
          headers = [("X-Mine", "mine"), ("content-type", "image/png")]
      runOwt @POST call {owtHeaders = headers, owtBody = Just (RequestBodyBS "\x89PNG")} client
        `shouldReturn` ("mine" :: Text, "image/png" :: Text, 4 :: Int)
    it "has files" $ do
      let code = Text.replicate 70000 "#" <> "\ndef run(n): return [n, {name: [f.filename, len(f.read())] for name, f in request.files.items()}]"
          call = SimpleOwt code (named [("n", PyInt 1)])
          files = [(partBS "a" "12") {partFilename = Just "a.txt"}, (partBS "b" (ByteString.replicate 100000 255)) {partFilename = Just "b.bin"}]
      runOwt @POST call {owtFiles = files} client
        `shouldReturn` [toJSON (1 :: Int), object ["a" .= ("a.txt" :: Text, 2 :: Int), "b" .= ("b.bin" :: Text, 100000 :: Int)]]
    it "has ten megabytes in an argument" $ do
      let code = "def run(v):\n    import hashlib\n    return hashlib.sha256(v).hexdigest()"
          bytes = ByteString.replicate 10000000 200
      owt @POST code (named [("v", PyBytes bytes)]) client
        `shouldReturn` ("af5a3e21106627e5babbb76920f018a7d56e8177d6e62dac2f1d23331069a2a6" :: Text)
    it "says who it is" $
      owt @POST "lambda: [request.headers[name] for name in ('X-Owt', 'User-Agent')]" noKwargs client
        `shouldReturn` ["1" :: Text, "owt-haskell/0.1.0"]
    it "is a URL too" $ do
      made <- either (fail . show) pure (owtUrl (SimpleOwt "lambda x: x" "größe") client)
      Text.unpack made `shouldStartWith` Text.unpack (url <> "/?code_b64=")
      let opened = "import urllib.request\ndef run(url): return urllib.request.urlopen(url).read()"
      owt @POST opened (named [("url", PyText made)]) client `shouldReturn` ("größe" :: Text)
    it "goes to the path of the client's URL" $ do
      there <- mkOwtClient (url <> "/some where/größe?x=1")
      owt @POST "lambda: [request.path, request.args['x']]" noKwargs there
        `shouldReturn` ["/some where/größe" :: Text, "1"]
    it "goes to OWT_URL by default" $
      bracket_ (setEnv "OWT_URL" (Text.unpack url)) (unsetEnv "OWT_URL") $
        (defaultOwtClient >>= owt @GET "lambda: 'here'" noKwargs) `shouldReturn` ("here" :: ByteString)

  describe "an error" $ do
    it "is the server's problem with the adaptor's traceback" $ do
      failed <- failing (SimpleOwt "def run(x):\n    return 1 / x" (toKwargs (0 :: Int)))
      OwtProblem problem <- pure failed
      (problemStatus problem, problemTitle problem) `shouldBe` (500, "The adaptor raised an exception")
      problemDetail problem `shouldBe` "the adaptor raised ZeroDivisionError: division by zero"
      problemRequestId problem `shouldSatisfy` maybe False (not . Text.null)
      fmap exceptionType (problemException problem) `shouldBe` Just "ZeroDivisionError"
      fmap exceptionMessage (problemException problem) `shouldBe` Just "division by zero"
      traceback failed `shouldSatisfy` maybe False ("return 1 / x" `Text.isInfixOf`)
      show failed `shouldContain` "line 2, in run"
      problemLine problem `shouldBe` Just 2
    it "names the field at fault" $ do
      OwtProblem problem <- failing (SimpleOwt "lambda x: x" noKwargs)
      (problemStatus problem, problemField problem) `shouldBe` (400, Just "kwargs_b64")
    it "is the adaptor's own answer" $ do
      OwtFailure status _ body <- failing (SimpleOwt "lambda: ('no tea', 418)" noKwargs)
      (status, body) `shouldBe` (418, "no tea")
    it "is an answer that is not what was asked for" $ do
      OwtUnreadable json <- owtError (owt @POST "lambda: 'text'" noKwargs client :: IO Value)
      json `shouldSatisfy` ("not the JSON" `Text.isInfixOf`)
    it "is a call that cannot be sent" $ do
      let call `saying` part = do
            OwtUsage what <- owtError call
            what `shouldSatisfy` (part `Text.isInfixOf`)
      (owt @GET (Text.replicate 70000 "#") noKwargs client :: IO ()) `saying` "use POST"
      (runOwt @GET (SimpleOwt "f" noKwargs) {owtBody = Just ""} client :: IO ()) `saying` "use POST"
      (owt @POST "f" (python (iterate (PyList . pure) PyNone !! 191)) client :: IO ()) `saying` "190 deep"
      forM_ ["", "http://", "ftp://a.example", "http://a:99999", "http://a:b", "unix:"] $ \bad ->
        void (mkOwtClient bad) `saying` "looks like http://"
    it "is that nobody answers" $ do
      nobody <- mkOwtClient "http://me:secret@127.0.0.1:1"
      failed <- owtError (owt @GET "'code'" noKwargs nobody :: IO ())
      OwtTransport _ _ <- pure failed
      show failed `shouldNotContain` "secret"
      show nobody `shouldBe` "OwtClient \"http://127.0.0.1:1/\""
