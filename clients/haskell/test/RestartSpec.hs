{-# LANGUAGE OverloadedStrings #-}
{-# LANGUAGE ScopedTypeVariables #-}
{-# LANGUAGE TypeApplications #-}

-- | 2,000 calls of a real server that restarts five times, behind a proxy that says 1xx before each answer
-- and cuts one in ten.
module RestartSpec (spec) where

import Control.Concurrent.Async (forConcurrently_, withAsync, wait)
import Control.Concurrent.STM
import Control.Exception (IOException, bracket, try)
import Control.Monad (forM_, guard)
import Data.ByteString (ByteString)
import qualified Data.ByteString as ByteString
import qualified Data.ByteString.Char8 as Char8
import Data.Char (toLower)
import Data.List (find)
import qualified Data.Map as Map
import qualified Data.Text as Text
import Network.Socket
import Network.Socket.ByteString (recv, sendAll)
import Owt
import Peer
import Server (withFolder, withServerIn)
import System.FilePath ((</>))
import Test.Hspec

calls, restarts, callers :: Int
calls = 2000
restarts = 5
callers = 4

-- | What came of one call: the number that it gave, or its error.
type Outcome = Either OwtError [Int]

spec :: Spec
spec = it "has no wrong answer, none run twice, and failures of the client's own" $
  withFolder $ \folder -> do
    let (ran, place) = (folder </> "log", folder </> "socket")
    writeFile ran ""
    next <- newTVarIO 0
    outcomes <- newTVarIO (Map.empty :: Map.Map Int Outcome)
    up <- newTVarIO False
    withPeerIO (proxied place) $ \peer -> do
      client <- withRetries 1 <$> mkOwtClient (peerUrl peer)
      let work = do
            n <- atomically (stateTVar next (\n -> (n, n + 1)))
            if n >= calls then pure () else called n >> work
          called n = do
            let arguments = named [("n", PyInt (fromIntegral n)), ("path", PyText (Text.pack ran))]
            outcome <- try (owt @POST code arguments client)
            atomically $ modifyTVar' outcomes (Map.insert n outcome)
            either (const (atomically (readTVar up >>= check))) (const (pure ())) outcome
      withAsync (forConcurrently_ [1 .. callers] (const work)) $ \working -> do
        forM_ [1 .. restarts + 1] $ \start ->
          withServerIn [] ["--unix", place] $ \_ -> do
            atomically (writeTVar up True)
            atomically $ readTVar outcomes >>= check . (>= calls * start `div` (restarts + 1)) . Map.size
            atomically (writeTVar up (start > restarts))
        wait working
    done <- readTVarIO outcomes
    times <- Map.fromListWith (+) . map (\line -> (read line, 1 :: Int)) . lines <$> readFile ran
    let failed = [n | (n, Left _) <- Map.toList done]
        right = [n | (n, Right _) <- Map.toList done]
    [(n, got) | (n, Right got) <- Map.toList done, got /= [n]] `shouldBe` []
    Map.size done `shouldBe` calls
    length failed `shouldSatisfy` (>= calls `div` 20)
    Map.filter (> 1) times `shouldBe` Map.empty
    filter (`Map.notMember` times) right `shouldBe` []
  where
    code = "def run(n, path):\n    with open(path, 'a') as log:\n        log.write(f'{n}\\n')\n    return [n]"

-- | Says something first, passes on what the server says, and cuts one in ten.
proxied :: FilePath -> Int -> Asked -> IO ([ByteString], Then)
proxied place nth asked = do
  said <- try (passedOn place asked)
  pure $ case said of
    Right (Just whole')
      | nth `mod` 10 == 9 -> ([interim, ByteString.take (ByteString.length whole' - 1 - nth `mod` 40) whole'], Close)
      | otherwise -> ([interim, whole'], Keep)
    Right Nothing -> ([], Close)
    Left (_ :: IOException) -> ([], Close)
  where
    interim
      | even nth = "HTTP/1.1 103 Early Hints\r\nLink: </a>; rel=preload\r\n\r\n"
      | otherwise = "HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n"

-- | The server's answer; nothing where it has gone while it answered.
passedOn :: FilePath -> Asked -> IO (Maybe ByteString)
passedOn place asked = bracket (socket AF_UNIX Stream defaultProtocol) close $ \server -> do
  connect server (SockAddrUnix place)
  let (line, rest) = ByteString.breakSubstring "\r\n" (askedHead asked)
  sendAll server (line <> "\r\nConnection: close" <> rest <> "\r\n\r\n" <> askedBody asked)
  said <- ByteString.concat <$> everything server
  pure $ do
    let (start, body) = ByteString.drop 4 <$> ByteString.breakSubstring "\r\n\r\n" said
        fields = map (Char8.filter (/= '\r')) (Char8.lines start)
        field name = find ((name `ByteString.isPrefixOf`) . Char8.map toLower) fields
    size <- Char8.readInt . ByteString.drop 16 =<< field "content-length: "
    guard (fst size == ByteString.length body)
    kind <- field "content-type: "
    status <- ByteString.stripPrefix "HTTP/1.1 " =<< Just (head fields)
    Just (whole status [kind] body)
  where
    everything server = do
      piece <- recv server 65536
      if ByteString.null piece then pure [] else (piece :) <$> everything server
