{-# LANGUAGE OverloadedStrings #-}
{-# LANGUAGE TypeApplications #-}

-- Run: runhaskell -iclients/haskell/src examples/embed/embed.hs SENTENCE OTHER...
--
-- How near each other sentence is to the first in meaning.

import Control.Monad (forM_)
import qualified Data.Text.IO as Text
import Owt
import System.Environment (getArgs)

main :: IO ()
main = do
  code <- Text.readFile "examples/embed/embed.py"
  sentences <- getArgs
  vectors <- owt @POST code (toKwargs sentences) =<< defaultOwtClient
  let first = head vectors :: [Double]
  forM_ (drop 1 (zip vectors sentences)) $ \(other, text) -> do
    let near = 100 * sum (zipWith (*) first other)
    putStrLn (show (round near :: Int) <> "% " <> text)
