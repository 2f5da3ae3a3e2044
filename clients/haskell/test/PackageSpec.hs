{-# LANGUAGE OverloadedStrings #-}

-- | What is said in two places is said alike.
module PackageSpec (spec) where

import Control.Monad (forM_)
import qualified Data.ByteString as ByteString
import Data.List (isPrefixOf, sort)
import qualified Data.Text as Text
import qualified Data.Text.IO as Text
import Server (withFolder)
import System.Directory (listDirectory)
import System.FilePath (normalise, (</>))
import System.Process (readProcess)
import Test.Hspec

spec :: Spec
spec = do
  forM_ ["LICENSE-MIT", "LICENSE-APACHE"] $ \file ->
    it ("has the repository's " <> file) $ do
      ours <- ByteString.readFile file
      ByteString.readFile ("../../" <> file) `shouldReturn` ours
  it "has the version that it tells servers" $ do
    cabal <- Text.readFile "owt.cabal"
    client <- Text.readFile "src/Owt/Client.hs"
    [version] <- pure [number | ["version:", number] <- map Text.words (Text.lines cabal)]
    client `shouldSatisfy` (("\"owt-haskell/" <> version <> "\"") `Text.isInfixOf`)
  it "holds what it should" $ do
    held <- withFolder $ \folder ->
      lines <$> readProcess "cabal" ["sdist", "--list-only", "--builddir=" <> folder] ""
    modules <- map ("src/Owt" </>) <$> listDirectory "src/Owt"
    sort (filter (not . ("test" `isPrefixOf`)) (map normalise held))
      `shouldBe` sort (["LICENSE-MIT", "LICENSE-APACHE", "README.md", "owt.cabal", "src/Owt.hs"] <> modules)
