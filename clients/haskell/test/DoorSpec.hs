{-# LANGUAGE OverloadedStrings #-}
{-# LANGUAGE TypeApplications #-}

-- | Keys, HTTPS, Unix sockets.
module DoorSpec (spec) where

import Data.Text (Text)
import qualified Data.Text as Text
import Owt
import Server
import System.Exit (ExitCode (..))
import System.FilePath ((</>))
import Test.Hspec

spec :: Spec
spec = do
  it "opens for a password and for a token, and for nothing else" keys
  it "is reached by HTTPS with a certificate that is trusted" $ withFolder $ \folder ->
    withServerIn [("XDG_STATE_HOME", folder)] ["--port", "0", "--tls", "self-signed"] $ \url -> do
      let there = Text.replace "127.0.0.1" "localhost" url
          program =
            Text.unlines
              [ "{-# LANGUAGE OverloadedStrings, TypeApplications #-}",
                "import Owt",
                "main :: IO ()",
                "main = mkOwtClient \"" <> there <> "\" >>= owt @POST \"lambda: 'in'\" noKwargs >>= putBS"
              ]
      (trusting, out, _) <- runProgram [("SYSTEM_CERTIFICATE_PATH", folder </> "owt/tls/cert.pem")] program
      (trusting, out) `shouldBe` (ExitSuccess, "in")
      (doubting, _, err) <- runProgram [] program
      doubting `shouldBe` ExitFailure 1
      err `shouldContain` "unknown CA"
  it "is reached on a Unix socket" $ withFolder $ \folder -> do
    let place = folder </> "owt" </> "socket"
    withServerIn [] ["--unix", place] $ \url -> do
      client <- mkOwtClient url
      owt @GET "lambda: Server.sing().address" noKwargs client `shouldReturn` url

keys :: IO ()
keys = withServer ["--auth", "größe:" <> hash, "--token", token] $ \url -> do
    let with user = mkOwtClient (Text.replace "://" ("://" <> user <> "@") url)
        ask client = owt @POST "lambda: 'in'" noKwargs client :: IO Text
        refused client = do
          OwtProblem problem <- owtError (ask client)
          pure (problemStatus problem)
    stranger <- mkOwtClient url
    refused stranger `shouldReturn` 401
    (with "gr%C3%B6%C3%9Fe:p%C3%A4%3Ass%20w%C3%B6rd%40" >>= ask) `shouldReturn` "in"
    (with "größe:pä%3Ass%20wörd%40" >>= ask) `shouldReturn` "in"
    (with "größe:wrong" >>= refused) `shouldReturn` 401
    ask (withToken (Text.pack token) stranger) `shouldReturn` "in"
    (with ("token:" <> Text.pack token) >>= ask) `shouldReturn` "in"
    refused (withToken "another-token-of-16" stranger) `shouldReturn` 401
    url' <- either (fail . show) pure (owtUrl (SimpleOwt "f" noKwargs) (withToken (Text.pack token) stranger))
    url' `shouldSatisfy` not . (Text.pack token `Text.isInfixOf`)
  where
    token = "a-token-of-sixteen"
    -- SHA-256 of "pä:ss wörd@".
    hash = "6c69094ac57397b2283fbc1a1663a50c6ee5d04376aca713520da5c9408c3874"
