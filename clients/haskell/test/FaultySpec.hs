{-# LANGUAGE OverloadedStrings #-}
{-# LANGUAGE TypeApplications #-}

-- | Servers and proxies that misbehave: no call gets another's answer or is sent twice, and what went
-- wrong is told.
module FaultySpec (spec) where

import Control.Monad (forM_)
import Data.Aeson (Value (..), object, (.=))
import qualified Data.Aeson.KeyMap as KeyMap
import Data.ByteString (ByteString)
import qualified Data.ByteString as ByteString
import qualified Data.ByteString.Char8 as Char8
import Data.Text (Text)
import qualified Data.Text as Text
import Network.HTTP.Client (defaultManagerSettings)
import Network.HTTP.Client.TLS (tlsManagerSettings)
import Owt
import Peer
import Server (owtError)
import Test.Hspec

spec :: Spec
spec = do
  describe "connections" connections
  describe "answers that are errors" statuses
  describe "limits" limits
  describe "what programs get wrong" programs

ask :: OwtClient -> IO Text
ask = owt @POST "secret_code" noKwargs

-- | Answers by the number of the request, after these bytes and with those behind it.
numbered :: ByteString -> ByteString -> Int -> Asked -> ([ByteString], Then)
numbered ahead behind nth _ = ([ahead <> whole "200 OK" [] (Char8.pack (show nth)) <> behind], Keep)

saying :: ByteString -> (Peer -> IO a) -> IO a
saying answer = withPeer (\_ _ -> ([answer], Keep))

connections :: Spec
connections = do
  it "pass over what comes before the answer" $
    forM_
      [ "HTTP/1.1 100 Continue\r\n\r\n",
        "HTTP/1.1 102 Processing\r\n\r\n",
        "HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n\r\n",
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early\r\nA: b\r\n\r\nHTTP/1.1 102 P\r\n\r\n"
      ]
      $ \ahead -> withPeer (numbered ahead "") $ \peer -> do
        client <- mkOwtClient (peerUrl peer)
        mapM (const (ask client)) [1 .. 3 :: Int] `shouldReturn` ["0", "1", "2"]
  it "pass over it byte by byte" $ do
    let answer = "HTTP/1.1 103 Early\r\nA: b\r\n\r\n" <> whole "200 OK" [] "fine"
    withPeer (\_ _ -> (map ByteString.singleton (ByteString.unpack answer), Keep)) $ \peer -> do
      client <- mkOwtClient (peerUrl peer)
      mapM (const (ask client)) [1 .. 2 :: Int] `shouldReturn` ["fine", "fine"]
  it "with bytes left over are not used again" $
    forM_ ["more", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nwrong"] $ \behind ->
      withPeer (numbered "" behind) $ \peer -> do
        forM_ [mkOwtClient, mkOwtClientWith defaultManagerSettings] $ \make -> do
          earlier <- length <$> peerAsked peer
          client <- make (peerUrl peer)
          mapM (const (ask client)) [1 .. 5 :: Int]
            `shouldReturn` [Text.pack (show nth) | nth <- take 5 [earlier ..]]
        asked <- peerAsked peer
        map askedOn asked `shouldBe` [0 .. 9]
  it "that the server has ended are not used" $
    withPeer (\nth _ -> ([whole "200 OK" [] (Char8.pack (show nth))], Close)) $ \peer -> do
      client <- mkOwtClient (peerUrl peer)
      forM_ [0 .. 49] $ \nth -> do
        ask client `shouldReturn` Text.pack (show nth)
        peerHasClosed peer (nth + 1)
      length <$> peerAsked peer `shouldReturn` 50
  it "are used again otherwise" $
    withPeer (numbered "" "") $ \peer ->
      forM_ [mkOwtClient, mkOwtClientWith defaultManagerSettings] $ \make -> do
        client <- make (peerUrl peer)
        earlier <- length <$> peerAsked peer
        mapM_ (const (ask client)) [1 .. 5 :: Int]
        asked <- drop earlier <$> peerAsked peer
        forM_ asked $ \one -> askedOn one `shouldBe` askedOn (head asked)
  it "that break have a call sent once" $
    withPeer (\nth _ -> if nth == 0 then ([whole "200 OK" [] "fine"], Keep) else ([], Close)) $ \peer -> do
      client <- withRetries 3 <$> mkOwtClient (peerUrl peer)
      ask client `shouldReturn` "fine"
      failed <- owtError (ask client)
      OwtTransport place _ <- pure failed
      place `shouldBe` peerUrl peer
      hasNotRun failed `shouldBe` False
      length <$> peerAsked peer `shouldReturn` 2
  it "that end within a body are told with their address" $
    withPeer (\_ _ -> (init (chunked [] ["a"]), Close)) $ \peer -> do
      client <- mkOwtClient (peerUrl peer)
      OwtTransport place _ <- owtError (ask client)
      place `shouldBe` peerUrl peer

problemType' :: ByteString
problemType' = "Content-Type: application/problem+json"

statuses :: Spec
statuses = do
  it "have no call sent again" $
    forM_ [401, 407, 408, 409, 413, 421, 425, 429, 500, 502, 503, 504 :: Int] $ \status ->
      saying (whole (Char8.pack (show status) <> " Odd") ["Retry-After: 0"] "no") $ \peer -> do
        client <- withRetries 3 <$> mkOwtClient (peerUrl peer)
        failed <- owtError (ask client)
        errorStatus failed `shouldBe` Just status
        length <$> peerAsked peer `shouldReturn` 1
  it "are redirects, with both addresses" $ do
    let location = "Location: https://me:hunter2@models.example/new?code_b64=c2VjcmV0"
    forM_ ["301 Moved", "302 Found", "303 See Other", "307 Temporary", "308 Permanent"] $ \status ->
      saying (whole status [location] "<h1>moved</h1>") $ \peer -> do
        client <- mkOwtClient (peerUrl peer)
        failed <- owtError (ask client)
        OwtRedirect _ from to <- pure failed
        (from, to) `shouldBe` (peerUrl peer, "https://models.example/new")
        show failed `shouldContain` Text.unpack from
        show failed `shouldNotContain` "hunter2"
        length <$> peerAsked peer `shouldReturn` 1
    saying (whole "301 Moved" ["Location: /there"] "") $ \peer -> do
      client <- mkOwtClient (peerUrl peer)
      OwtRedirect _ _ to <- owtError (ask client)
      to `shouldBe` peerUrl peer <> "/there"
  it "are somebody else's problems, whole" $ do
    let credit = "{\"type\": \"https://example.com/no-credit\", \"title\": \"No credit\", \"status\": 402, \"balance\": 30}"
        headers = [problemType', "X-Request-Id: r7", "Retry-After: 3", "X-Mine: yes"]
    saying (whole "402 Payment Required" headers credit) $ \peer -> do
      client <- mkOwtClient (peerUrl peer)
      failed <- owtError (ask client)
      OwtProblem problem <- pure failed
      show failed `shouldBe` "No credit (402)"
      problemType problem `shouldBe` "https://example.com/no-credit"
      KeyMap.lookup "balance" (problemMembers problem) `shouldBe` Just (Number 30)
      (errorRequestId failed, errorRetryAfter failed) `shouldBe` (Just "r7", Just 3)
      lookup "X-Mine" (errorHeaders failed) `shouldBe` Just "yes"
  it "are problems that say little" $
    forM_
      [ ("418 Odd", "application/problem+json", "{}", "status 418"),
        ("418 Odd", "Application/Problem+JSON; charset=utf-8", "{\"title\": \"Nope\"}", "Nope (418)"),
        ("500 Odd", "application/problem+json", "{\"title\": \"T\", \"status\": \"500\", \"detail\": {}}", "T (500)")
      ]
      $ \(status, media, body, wanted) -> saying (whole status ["Content-Type: " <> media] body) $ \peer -> do
        client <- mkOwtClient (peerUrl peer)
        failed <- owtError (ask client)
        OwtProblem _ <- pure failed
        show failed `shouldBe` wanted
  it "are no problem documents, with status and body" $
    forM_ [(503, ""), (500, "<html>oops"), (502, "[1]"), (502, "{")] $ \(status, body) ->
      saying (whole (Char8.pack (show (status :: Int)) <> " Odd") [problemType', "Retry-After: 7"] body) $ \peer -> do
        client <- mkOwtClient (peerUrl peer)
        failed <- owtError (ask client)
        OwtFailure came _ given <- pure failed
        (came, given, errorRetryAfter failed) `shouldBe` (status, body, Just 7)
        hasNotRun failed `shouldBe` False
  it "are kinds by status" $
    forM_ [("401 A", isUnauthenticated), ("404 A", isNotFound), ("429 A", isBusy), ("503 A", isBusy), ("504 A", isTimeout)] $
      \(status, is) -> saying (whole status [] "") $ \peer -> do
        client <- mkOwtClient (peerUrl peer)
        failed <- owtError (ask client)
        is failed `shouldBe` True
  it "are sent again only where nothing has run, and not for ever" $ do
    let busy = "{\"type\": \"/_owt/problems/busy\", \"title\": \"The server is full\", \"status\": 503, \"retry_after\": 0}"
        full = whole "503 Full" [problemType'] busy
    withPeer (\nth _ -> ([if nth < 2 then full else whole "200 OK" [] "done"], Keep)) $ \peer -> do
      client <- mkOwtClient (peerUrl peer)
      ask (withRetries 2 client) `shouldReturn` "done"
    saying full $ \peer -> do
      client <- mkOwtClient (peerUrl peer)
      failed <- owtError (ask (withRetries 3 client))
      (isBusy failed, hasNotRun failed) `shouldBe` (True, True)
      asked <- peerAsked peer
      length asked `shouldBe` 4
      forM_ asked $ \one -> askedBody one `shouldBe` askedBody (head asked)

limits :: Spec
limits = do
  it "end silence before the answer and within it" $
    forM_ ["", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nfirst\r\n"] $ \said ->
      withPeer (\_ _ -> ([said], Silence)) $ \peer -> do
        client <- withIdleTimeout 0.05 <$> mkOwtClient (peerUrl peer)
        failed <- owtError (ask client)
        show failed `shouldBe` Text.unpack (peerUrl peer) <> " has said nothing for 5.0e-2 s"
        isTimeout failed `shouldBe` True
  it "end a connection that does not stand" $ withPeer (\_ _ -> ([], Silence)) $ \peer -> do
    -- It never speaks TLS.
    client <- mkOwtClientWith (connectWithin 0.05 tlsManagerSettings) (Text.replace "http:" "https:" (peerUrl peer))
    OwtTransport place content <- owtError (ask client)
    place `shouldBe` Text.replace "http:" "https:" (peerUrl peer)
    show content `shouldBe` "ConnectionTimeout"
  it "have nobody there told with the address" $ do
    client <- withRetries 1 <$> mkOwtClient "http://me:hunter2@127.0.0.1:1"
    failed <- owtError (ask client)
    hasNotRun failed `shouldBe` True
    show failed `shouldContain` "http://127.0.0.1:1"
    show failed `shouldNotContain` "hunter2"

programs :: Spec
programs = do
  it "is a token that is none, which is not shown" $ saying (whole "200 OK" [] "fine") $ \peer -> do
    client <- mkOwtClient (peerUrl peer)
    forM_ [("hunter2\nhunter3", "line break"), ("hunter2\DEL", "visible ASCII"), ("hunter2é", "visible ASCII"), (" \n", "empty")] $
      \(token, why) -> do
        failed <- owtError (ask (withToken token client))
        OwtUsage what <- pure failed
        what `shouldSatisfy` (why `Text.isInfixOf`)
        show failed `shouldNotContain` "hunter"
    length <$> peerAsked peer `shouldReturn` 0
    ask (withToken "from-a-file\n" client) `shouldReturn` "fine"
  it "is a header that is none, which is named and not shown" $ do
    client <- mkOwtClient "http://127.0.0.1:1"
    let call = (SimpleOwt "x" noKwargs) {owtHeaders = [("X-Key", "hunter2\r\nX-Evil: 1")]}
    failed <- owtError (runOwt @POST call client :: IO ())
    OwtUsage what <- pure failed
    what `shouldSatisfy` ("X-Key" `Text.isInfixOf`)
    show failed `shouldNotContain` "hunter"
  it "is nothing: headers of a client go with each call" $ saying (whole "200 OK" [] "fine") $ \peer -> do
    client <- withHeaders [("X-Tenant", "a"), ("Accept-Language", "de")] <$> mkOwtClient (peerUrl peer)
    runOwt @POST (SimpleOwt "x" noKwargs) {owtHeaders = [("X-Tenant", "b")]} client `shouldReturn` ("fine" :: Text)
    [asked] <- map askedHead <$> peerAsked peer
    asked `shouldSatisfy` ("X-Tenant: b" `ByteString.isInfixOf`)
    asked `shouldSatisfy` not . ("X-Tenant: a" `ByteString.isInfixOf`)
    asked `shouldSatisfy` ("Accept-Language: de" `ByteString.isInfixOf`)
  it "is nothing: addresses as people write them" $ saying (whole "200 OK" [] "fine") $ \peer -> do
    let with from to = mkOwtClient (Text.replace from to (peerUrl peer))
    (with "http://" "HTTP://" >>= ask) `shouldReturn` "fine"
    (with "http://" "http://me:p@ss@" >>= ask) `shouldReturn` "fine"
    asked <- map askedHead <$> peerAsked peer
    -- me:p@ss
    last asked `shouldSatisfy` ("Authorization: Basic bWU6cEBzcw==" `ByteString.isInfixOf`)
  it "are arguments that cannot be sent" $ do
    client <- mkOwtClient "http://127.0.0.1:1"
    let half = object ["a" .= (1 :: Int)]
    toKwargs half `shouldBe` named [("a", PyInt 1)]
    failed <- owtError (owt @POST "x" (toKwargs ["\xd800" :: String]) client :: IO ())
    OwtUsage what <- pure failed
    what `shouldSatisfy` ("surrogate" `Text.isInfixOf`)
