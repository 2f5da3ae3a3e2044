{-# LANGUAGE DeriveGeneric #-}
{-# LANGUAGE OverloadedStrings #-}
{-# LANGUAGE TypeApplications #-}

-- Run: runhaskell -iclients/haskell/src examples/transcribe/transcribe.hs FILE.wav
--
-- Prints what is said, piece by piece as it is understood.

import Conduit
import Data.Aeson (FromJSON)
import qualified Data.Text as Text
import qualified Data.Text.IO as Text
import GHC.Generics (Generic)
import Owt
import System.Environment (getArgs)

newtype Piece = Piece {text :: Text.Text} deriving (Generic)

instance FromJSON Piece

main :: IO ()
main = do
  code <- Text.readFile "examples/transcribe/transcribe.py"
  [path] <- getArgs
  audio <- streamFile path
  client <- defaultOwtClient
  let call = (SimpleOwt code noKwargs) {owtFnName = "segments", owtBody = Just audio}
  runConduitRes $ runOwtStream @POST call client .| jsonLines .| mapM_C (liftIO . Text.putStrLn . text)
