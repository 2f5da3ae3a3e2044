{-# LANGUAGE DeriveGeneric #-}
{-# LANGUAGE OverloadedStrings #-}
{-# LANGUAGE TypeApplications #-}

-- Run: runhaskell -iclients/haskell/src examples/ocr/ocr.hs PICTURE
--
-- Prints each line of text in the picture, with its upper left corner.

import Data.Aeson (FromJSON)
import Data.Foldable (forM_)
import qualified Data.Text.IO as Text
import GHC.Generics (Generic)
import Owt
import System.Environment (getArgs)

newtype Page = Page {lines :: [Line]} deriving (Generic)

data Line = Line {text :: String, box :: [(Int, Int)]} deriving (Generic)

instance FromJSON Page

instance FromJSON Line

main :: IO ()
main = do
  code <- Text.readFile "examples/ocr/ocr.py"
  [path] <- getArgs
  picture <- streamFile path
  Page found <- runOwt @POST (SimpleOwt code noKwargs) {owtBody = Just picture} =<< defaultOwtClient
  forM_ found $ \line -> do
    let (x, y) = head (box line)
    putStrLn (show x <> "," <> show y <> " " <> text line)
