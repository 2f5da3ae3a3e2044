{-# LANGUAGE CPP, OverloadedStrings, TypeApplications #-}
-- Run: runhaskell -iclients/haskell/src examples/chat/chat.hs [PROMPT [SEED]]
--
-- Asks the model, and prints each token as it is made. Ctrl-C stops it.
module Main (main) where

import Conduit
import qualified Data.Text.IO as Text
import Owt
import System.Environment (getArgs)
import System.FilePath (replaceFileName)
import System.IO (BufferMode (..), hSetBuffering, stdout)

main :: IO ()
main = do
  args <- getArgs
  let prompt = case args of chosen : _ -> chosen; _ -> "Why is the sea salty?"
      seed = case args of _ : chosen : _ -> read chosen; _ -> 1 :: Int
  hSetBuffering stdout NoBuffering
  adaptor <- Text.readFile (replaceFileName __FILE__ "chat.py")
  client <- defaultOwtClient
  runConduitRes $
    owtStream @POST adaptor (named [("prompt", toPython prompt), ("seed", toPython seed)]) client .| stdoutC
  putStrLn ""
