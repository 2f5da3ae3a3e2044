{-# LANGUAGE DeriveGeneric #-}
{-# LANGUAGE OverloadedStrings #-}
{-# LANGUAGE TypeApplications #-}

-- Run: runhaskell -iclients/haskell/src examples/speech/speech.hs TEXT FOLDER [VARIATION]
--
-- Saves each sentence as a WAV file as soon as it is spoken. VARIATION 0 says it the same each time.

module Main (main) where

import Conduit
import Control.Monad (when)
import Data.Aeson (FromJSON, eitherDecodeStrict)
import qualified Data.ByteString as ByteString
import qualified Data.ByteString.Base64 as Base64
import Data.Text (Text)
import qualified Data.Text as Text
import qualified Data.Text.Encoding as Text
import qualified Data.Text.IO as Text
import GHC.Generics (Generic)
import Owt
import System.Directory (createDirectoryIfMissing)
import System.Environment (getArgs)
import System.FilePath ((</>))
import System.IO (BufferMode (..), hSetBuffering, stdout)
import Text.Printf (printf)

data Sentence = Sentence {index :: Int, text :: Text, wav :: Text}
  deriving (Generic)

instance FromJSON Sentence

main :: IO ()
main = do
  said : folder : variation <- getArgs
  hSetBuffering stdout LineBuffering
  createDirectoryIfMissing True folder
  client <- defaultOwtClient
  adaptor <- Text.readFile "examples/speech/speech.py"
  let amount = if null variation then 1 else read (head variation) :: Double
      kwargs = named [("text", toPython said), ("variation", toPython amount)]
  runConduitRes $ owtStream @POST adaptor kwargs client .| events .| mapM_C (liftIO . save folder)

save :: FilePath -> Event -> IO ()
save folder event = when (eventType event == "sentence") $ do
  Sentence number spoken sound <- either fail pure (eitherDecodeStrict (Text.encodeUtf8 (eventData event)))
  let path = folder </> printf "%03d.wav" number
  ByteString.writeFile path =<< either fail pure (Base64.decode (Text.encodeUtf8 sound))
  Text.putStrLn (Text.pack path <> " " <> spoken)
