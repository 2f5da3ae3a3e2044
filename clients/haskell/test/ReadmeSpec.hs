{-# LANGUAGE OverloadedStrings #-}

-- | The README's programs do what it says.
module ReadmeSpec (spec) where

import Control.Monad (forM_)
import Data.Text (Text)
import qualified Data.Text as Text
import qualified Data.Text.IO as Text
import Server (library, runProgram)
import System.Exit (ExitCode (..))
import System.FilePath ((</>))
import Test.Hspec

spec :: Text -> Spec
spec url = do
  readme <- runIO (Text.readFile "README.md")
  let programs = pairs (blocks readme)
  it "has programs" $ length programs `shouldSatisfy` (>= 5)
  it "has the module that its first program calls" $ do
    module' <- Text.readFile (library </> "sota.py")
    [text | ("python", text) <- blocks readme] `shouldContain` [module']
  forM_ (zip [1 :: Int ..] programs) $ \(number, (program, output)) ->
    it ("program " <> show number) $ do
      let here = Text.replace "http://localhost:9876" url program
      (code, out, err) <- runProgram [("OWT_URL", Text.unpack url)] here
      (code, err) `shouldBe` (ExitSuccess, "")
      out `shouldBe` Text.unpack output
-- | A program and what it prints, which is the block after it.
pairs :: [(Text, Text)] -> [(Text, Text)]
pairs (("haskell", program) : ("text", output) : rest) = (program, output) : pairs rest
pairs (_ : rest) = pairs rest
pairs [] = []

-- | The fenced blocks, each with its language.
blocks :: Text -> [(Text, Text)]
blocks text = case Text.breakOn "\n```" text of
  (_, rest)
    | Text.null rest -> []
    | otherwise ->
      let (language, body) = Text.breakOn "\n" (Text.drop 4 rest)
          (block, others) = Text.breakOn "\n```" body
       in (language, Text.drop 1 block <> "\n") : blocks (Text.drop 4 others)
