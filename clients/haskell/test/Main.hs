module Main (main) where

import qualified CallSpec
import qualified DoorSpec
import qualified FaultySpec
import qualified FunctionSpec
import GHC.IO.Encoding (setFileSystemEncoding, setLocaleEncoding)
import qualified NpySpec
import qualified OutcomeSpec
import qualified PackageSpec
import qualified ReadmeSpec
import qualified RestartSpec
import qualified SameSpec
import Server (library, withServer)
import qualified StreamSpec
import qualified StubsSpec
import System.IO (hSetEncoding, stdout, utf8)
import Test.Hspec (describe, hspec)
import qualified VectorSpec

main :: IO ()
main = do
  -- Whatever the locale.
  mapM_ ($ utf8) [setLocaleEncoding, setFileSystemEncoding, hSetEncoding stdout]
  withServer [library] $ \url -> hspec $ do
    describe "vectors" VectorSpec.spec
    describe "calls" (CallSpec.spec url)
    describe "functions by name" FunctionSpec.spec
    describe "arrays" (NpySpec.spec url)
    describe "stubs" StubsSpec.spec
    describe "streams" (StreamSpec.spec url)
    describe "faulty peers" FaultySpec.spec
    describe "a server that restarts" RestartSpec.spec
    describe "what all clients read" (OutcomeSpec.spec url)
    describe "the door" DoorSpec.spec
    describe "the README" (ReadmeSpec.spec url)
    describe "the same in every language" (SameSpec.spec url)
    describe "the package" PackageSpec.spec
