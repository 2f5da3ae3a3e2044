{-# LANGUAGE OverloadedStrings #-}

-- | The Haskell column of docs/clients.md does what the others do.
module SameSpec (spec) where

import Data.Aeson (eitherDecodeFileStrict)
import qualified Data.Map as Map
import Data.Text (Text)
import qualified Data.Text as Text
import qualified Data.Text.IO as Text
import Server (runProgram)
import System.Exit (ExitCode (..))
import Test.Hspec

spec :: Text -> Spec
spec url = it "each row prints what it prints in every language" $ do
  same <- either fail pure =<< eitherDecodeFileStrict "../vectors/same.json"
  program <- Text.readFile "test/same.hs"
  (code, out, err) <- runProgram [("OWT_URL", Text.unpack url), ("LANG", "C.UTF-8")] program
  (code, err) `shouldBe` (ExitSuccess, "")
  let told line = let (row, printed) = Text.breakOn " : " line in (row, Text.drop 3 printed)
  Map.fromList (map told (Text.lines (Text.pack out))) `shouldBe` (same :: Map.Map Text Text)
