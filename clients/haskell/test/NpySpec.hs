{-# LANGUAGE OverloadedStrings #-}
{-# LANGUAGE TypeApplications #-}

-- | Arrays go and come as npy.
module NpySpec (spec) where

import qualified Data.ByteString as ByteString
import qualified Data.ByteString.Lazy as Lazy
import Data.Either (isLeft)
import Data.Int (Int16, Int64)
import Data.Text (Text)
import qualified Data.Text as Text
import qualified Data.Text.IO as Text
import Owt
import Owt.Npy
import Server (owtError, withFolder, withServer)
import System.FilePath ((</>))
import Test.Hspec

spec :: Text -> Spec
spec url = do
  client <- runIO (mkOwtClient url)
  let given = Npy [3, 2] [1, 2, 3, 1 / 0, 0.5, -0.0] :: Npy Double
  it "come back as they were" $ do
    readNpy (Lazy.toStrict (writeNpy given)) `shouldBe` Right given
    readNpy (Lazy.toStrict (writeNpy (Npy [] [True]))) `shouldBe` Right (Npy [] [True])
    Lazy.length (writeNpy (Npy [0] ([] :: [Int16]))) `mod` 64 `shouldBe` 0
  it "are refused where they are cut short or of another type" $ do
    let npy = Lazy.toStrict (writeNpy (Npy [2] [1, -2 :: Int16]))
        reading = readNpy :: ByteString.ByteString -> Either Text (Npy Int16)
    [reading (ByteString.take n npy) | n <- [0 .. ByteString.length npy - 1]] `shouldSatisfy` all isLeft
    reading npy `shouldBe` Right (Npy [2] [1, -2])
    (readNpy npy :: Either Text (Npy Double)) `shouldBe` Left "the array is of NumPy's <i2, and f8 was asked for"
  it "are arguments and results of code" $ do
    let code = "import numpy\ndef run(a: numpy.ndarray): return a.T * 2"
    runOwt @POST (npyBody given (SimpleOwt code noKwargs)) client
      `shouldReturn` Npy [2, 3] [2, 6, 1, 4, 1 / 0, -0.0 :: Double]
    owt @POST "lambda: __import__('numpy').array([1, -2], '>i2')" noKwargs client `shouldReturn` Npy [2] [1, -2 :: Int16]
    owt @POST "f(numpy.arange)" (toKwargs (3 :: Int)) client `shouldReturn` Npy [3] [0, 1, 2 :: Int64]
    OwtUnreadable why <- owtError (owt @POST "f(numpy.eye)" (toKwargs (2 :: Int)) client :: IO (Npy Float))
    why `shouldSatisfy` ("<f8" `Text.isInfixOf`)
  it "are arguments and results of functions by name" $
    withFolder $ \folder -> do
      let file = folder </> "arrays.py"
      Text.writeFile file "import numpy\ndef scale(a: numpy.ndarray, by: float = 2.0) -> numpy.ndarray:\n    return a * by\n"
      withServer [file] $ \there -> do
        other <- mkOwtClient there
        let wanted = Npy [2] [4.5, 6 :: Double]
            array = Npy [2] [1.5, 2 :: Double]
            by = ("by", PyFloat 3)
        owtFn @POST "arrays.scale" (named [("a", PyBytes (Lazy.toStrict (writeNpy array))), by]) other `shouldReturn` wanted
        runOwt @POST (npyBody array (function "arrays.scale" (named [by]))) other `shouldReturn` wanted
