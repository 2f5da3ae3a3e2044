{-# LANGUAGE OverloadedStrings #-}
{-# LANGUAGE TypeApplications #-}

-- | Functions that a server publishes, and code by its hash.
module FunctionSpec (spec) where

import Conduit (runConduitRes, sinkList, (.|))
import Data.Text (Text)
import qualified Data.Text as Text
import qualified Data.Text.IO as Text
import Owt
import Server (owtError, withFolder, withServer)
import System.FilePath ((</>))
import Test.Hspec

tools :: Text
tools =
  Text.unlines
    [ "import owt, itertools",
      "_calls = itertools.count(1)",
      "def add(x: int, y: int = 1) -> int:",
      "    return x + y",
      "def total(*ns: float) -> float:",
      "    return sum(ns)",
      "def size(data: bytes, times: int = 1) -> int:",
      "    return len(data) * times",
      "def count(to: int):",
      "    yield from range(to)",
      "def given(value, name: str = ''):",
      "    return [value, name]",
      "def checked(code: str) -> str:",
      "    return code"
    ]

spec :: Spec
spec = around withTools $ do
  it "are called by position and by name" $ \client -> do
    owtFn @POST "tools.add" (named [("x", PyInt 4), ("y", PyInt 5)]) client `shouldReturn` (9 :: Int)
    owtFn @POST "tools/add" (positional [PyInt 4, PyInt 5]) client `shouldReturn` (9 :: Int)
    owtFn @POST "tools.add" (toKwargs (4 :: Int)) client `shouldReturn` (5 :: Int)
    owtFn @POST "tools.total" (positional [PyFloat 1e-7, PyFloat 2.5e20]) client `shouldReturn` (2.5e20 :: Double)
    owtFn @POST "tools.given" (positional ["gr\246\223e \"\\\n", PyText "\127925"]) client
      `shouldReturn` ["gr\246\223e \"\\\n" :: Text, "\127925"]
    owtFn @POST "tools.given" (named [("value", PyList [PyNone, PyBool True, PyDict [("a", PyInt (2 ^ (70 :: Int)))]])]) client
      `shouldReturn` ("[[null,true,{\"a\":1180591620717411303424}],\"\"]" :: Text)
  it "take an argument called code, which alone would be run" $ \client -> do
    let code = named [("code", "def run(): return 'ran'")]
    owtFn @POST "tools.checked" code client `shouldReturn` ("def run(): return 'ran'" :: Text)
    refusal <- failing (function "tools.checked" code) {owtFiles = [partBS "a" "1"]} client
    refusal `shouldSatisfy` isUsage
  it "take bytes, a body and files" $ \client -> do
    owtFn @POST "tools.size" (positional [PyBytes "\0ab"]) client `shouldReturn` (3 :: Int)
    let sized = function "tools.size" (named [("times", PyInt 2)])
    runOwt @POST sized {owtBody = Just "123"} client `shouldReturn` (6 :: Int)
    runOwt @POST sized {owtFiles = [partBS "data" "1234"]} client `shouldReturn` (8 :: Int)
  it "give streams" $ \client -> do
    numbers <- runConduitRes (runOwtStream @POST (function "tools.count" (positional [PyInt 3])) client .| jsonLines .| sinkList)
    numbers `shouldBe` [0 :: Int, 1, 2]
  it "say what is wrong with each argument" $ \client -> do
    OwtProblem problem <- failing (function "tools.add" (named [("x", "a"), ("z", PyInt 1)])) client
    problemStatus problem `shouldBe` 422
    map (\fault -> (faultIn fault, faultName fault)) (problemFaults problem) `shouldBe` [("body", "x"), ("body", "z")]
    map faultMessage (problemFaults problem) `shouldSatisfy` any ("whole number" `Text.isInfixOf`)
    unknown <- failing (function "tools.subtract" noKwargs) client
    (isNotFound unknown, isUnknownCode unknown) `shouldBe` (True, False)
  it "are refused where the call cannot be one" $ \client -> do
    let refused call = failing call client >>= (`shouldSatisfy` isUsage)
    refused (function "add" noKwargs)
    refused (function "tools..add" noKwargs)
    refused (function "tools.add" noKwargs) {owtFnName = "go"}
    refused (function "tools.add" (expression "1"))
    refused (function "tools.add" (positional [PyFloat (0 / 0)]))
    refused (function "tools.add" (positional [PyInt 1])) {owtFiles = [partBS "a" "1"]}
    refused (SimpleOwt "f(abs)" (positional [PyInt 1]))
  it "of sent code are called by its hash, and the code is sent again where it is gone" $ \client -> do
    sent <- publish tools client
    Text.length (publishedHash sent) `shouldBe` 64
    let add = functionOf sent "add" (positional [PyInt 4, PyInt 5])
    runOwt @POST add {owtTimeout = Just 60} client `shouldReturn` (9 :: Int)
    -- Another server has never had it.
    withTools $ \other -> do
      runOwt @POST add {owtTimeout = Just 60} other `shouldReturn` (9 :: Int)
      missing <- failing (functionOf sent "subtract" noKwargs) other
      isNotFound missing `shouldBe` True
  where
    failing call client = owtError (runOwt @POST call client :: IO ())
    isUsage (OwtUsage _) = True
    isUsage _ = False

withTools :: (OwtClient -> IO a) -> IO a
withTools test = withFolder $ \folder -> do
  let file = folder </> "tools.py"
  Text.writeFile file tools
  withServer [file] (\url -> mkOwtClient url >>= test)
