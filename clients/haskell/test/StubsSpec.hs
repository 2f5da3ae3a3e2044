{-# LANGUAGE OverloadedStrings #-}

-- | What @owt stubs --for haskell@ writes is compiled, and calls.
module StubsSpec (spec) where

import Data.Text (Text)
import qualified Data.Text as Text
import Server (runOwtWith, runProgramWith, withServer)
import System.Exit (ExitCode (..))
import Test.Hspec

spec :: Spec
spec = it "calls each kind of function" $
  withServer ["../../owt-testing/protocols/tools.py"] $ \url -> do
    stubs <- runOwtWith ["stubs", "--for", "haskell", "--address", Text.unpack url]
    (code, out, err) <- runProgramWith [("OWT_URL", Text.unpack url)] [("Functions.hs", stubs)] program
    (code, err) `shouldBe` (ExitSuccess, "")
    lines out
      `shouldBe` [ "(3,6)",
                   "(\"Hello, owt!\",\"Goodbye, owt!\")",
                   "()",
                   "Point {pointColour = Just ColourBlue, pointX = 2.0, pointY = 2.0}",
                   "fromList [(\"count\",2.0),(\"sum\",3.5)]",
                   "(6,3,\"\\137PNG\",\"2026-07-28\")",
                   "Options {optionsDepth = Just 2, optionsName = Nothing}",
                   "fromList [(\"a\",Number 1.0)]",
                   "String \"1.5\"",
                   "[\"1\\n2\\n\"]",
                   "500"
                 ]

program :: Text
program =
  Text.unlines
    [ "{-# LANGUAGE OverloadedStrings #-}",
      "import Control.Exception (try)",
      "import Conduit (runConduitRes, sinkList, (.|))",
      "import qualified Data.ByteString as ByteString",
      "import Functions",
      "import Owt",
      "",
      "main :: IO ()",
      "main = do",
      "  client <- defaultOwtClient",
      "  (,) <$> toolsAdd client 1 Nothing <*> toolsAdd client 1 (Just 5) >>= print",
      "  (,) <$> toolsGreet client \"owt\" Nothing <*> toolsGreet client \"owt\" (Just GreetGreetingGoodbye) >>= print",
      "  toolsNothing client >>= print",
      "  toolsMove client (Point (Just ColourBlue) 1 2) Nothing >>= print",
      "  toolsStats client [1, 2.5] >>= print",
      "  (,,,) <$> toolsTotal client [1, 2, 3] <*> toolsSize client \"\\0ab\"",
      "    <*> (ByteString.take 4 <$> toolsPicture client) <*> toolsDayOf client \"2026-07-28T01:02:03\" >>= print",
      "  toolsChoose client (Options (Just 2) Nothing) Nothing >>= print",
      "  toolsAnything client [(\"a\", PyInt 1)] >>= print",
      "  toolsPrice client \"1.5\" Nothing >>= print",
      "  pieces <- runConduitRes (toolsCount client 2 .| sinkList)",
      "  print [ByteString.concat pieces]",
      "  failed <- try (toolsFail client \"no such thing\")",
      "  case failed of",
      "    Left (OwtProblem problem) -> print (problemStatus problem)",
      "    other -> print other"
    ]
