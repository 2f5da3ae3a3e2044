{-# LANGUAGE OverloadedStrings #-}

-- | What every client writes, byte for byte: clients/vectors.
module VectorSpec (spec, rows, tagged) where

import Control.Monad (forM_)
import Data.Aeson
import Data.Aeson.Types (Parser)
import qualified Data.ByteString as ByteString
import qualified Data.ByteString.Base64 as Base64
import Data.Foldable (toList)
import qualified Data.Map as Map
import Data.Maybe (fromMaybe)
import Data.Text (Text)
import qualified Data.Text as Text
import qualified Data.Text.Encoding as Text
import Owt
import Owt.Call (callJson)
import Owt.Python (literal, number)
import Test.Hspec

spec :: Spec
spec = do
  literals <- runIO (rows "literals.json")
  calls <- runIO (rows "calls.json")
  it "are there" $ (length literals, length calls) `shouldSatisfy` \(a, b) -> a > 50 && b > 20
  forM_ literals $ \(Literal name value written) ->
    it ("literal: " <> Text.unpack name) $ literal value `shouldBe` Right written
  forM_ calls $ \vector -> it ("call: " <> Text.unpack (vectorName vector)) $ do
    client <- mkOwtClient (vectorBase vector)
    either (fail . show) pure (owtUrl (vectorCall vector) client) >>= (`shouldBe` vectorUrl vector)
    fmap decode (callJson (vectorCall vector)) `shouldBe` Right (Just (vectorJson vector))
  describe "what no row holds" $ do
    it "191 brackets inside one another are an error" $ do
      let nested depth = iterate (PyList . pure) (PyInt 1) !! depth
      (Text.length <$> literal (nested 190)) `shouldBe` Right 381
      literal (nested 191) `shouldSatisfy` either ("190 deep" `Text.isInfixOf`) (const False)
    it "floats are the shortest that read back" $ do
      map number [1e23, 9.5367431640625e-7, 2 ** 53, 4.35, 1e22, 1 / 3]
        `shouldBe` ["1e23", "9.5367431640625e-7", "9007199254740992.0", "4.35", "1e22", "0.3333333333333333"]
      let powers = [-300, -290 .. 300 :: Int]
          every = [n * 10 ^^ power | n <- [1, 1.1, 2.3, 4.9406, 9.99, 123.456], power <- powers] :: [Double]
      forM_ every $ \n -> read (Text.unpack (haskell (number n))) `shouldBe` n
    it "a value of JSON is what it is in Python" $ do
      (literal . toPython) (object ["a" .= [Null, Bool True, Number 1]])
        `shouldBe` Right "{'a': [None, True, 1]}"
      (literal . toPython) (Map.singleton ("b" :: Text) (1 :: Double)) `shouldBe` Right "{'b': 1.0}"
      (literal . toPython) [1e16 :: Double, 0.5, -3] `shouldBe` Right "[1e16, 0.5, -3.0]"
      (literal . toPython) (2 ^ (64 :: Int) :: Integer) `shouldBe` Right "18446744073709551616"
    it "a value keeps its order, its digits and the sign of its zero" $ do
      (literal . toPython . Written . pairs) ("z" .= (-0.0 :: Double) <> "a" .= (1.5e300 :: Double))
        `shouldBe` Right "{'z': -0.0, 'a': 1.5e300}"
      (literal . toPython) (Map.fromList [("é\"\\\n" :: Text, [] :: [Int])]) `shouldBe` Right "{'é\"\\\\\\n': []}"
    it "many bytes are base64, many digits hexadecimal" $ do
      literal (PyBytes (ByteString.replicate 1025 65)) `shouldSatisfy` either (const False) ("__import__('binascii')" `Text.isPrefixOf`)
      literal (PyInt (10 ^ (4300 :: Int))) `shouldSatisfy` either (const False) ("0x" `Text.isPrefixOf`)
      literal (PyInt (-(10 ^ (4300 :: Int)))) `shouldSatisfy` either (const False) ("-0x" `Text.isPrefixOf`)
      literal (PyInt (10 ^ (4300 :: Int) - 1)) `shouldBe` Right (Text.replicate 4300 "9")
    it "nothing is no arguments" $ do
      toKwargs (Nothing :: Maybe Int) `shouldBe` noKwargs
      python PyNone `shouldBe` noKwargs
    it "text is one text, however it is given" $
      toKwargs ("solve AGI" :: Text) `shouldBe` "solve AGI"
  where
    -- Haskell's own reader wants digits around a point before an exponent.
    haskell text = case Text.breakOn "e" text of
      (digits, power) | "." `Text.isInfixOf` digits -> digits <> power
        | otherwise -> digits <> ".0" <> power

-- | A value that is nothing but its encoding.
newtype Written = Written Encoding

instance ToJSON Written where
  toJSON _ = Null
  toEncoding (Written encoding) = encoding

rows :: FromJSON a => FilePath -> IO [a]
rows file = eitherDecodeFileStrict ("../vectors/" <> file) >>= either fail pure

data Literal = Literal Text Python Text

instance FromJSON Literal where
  parseJSON = withObject "literal" $ \row ->
    Literal <$> row .: "name" <*> (row .: "value" >>= tagged) <*> row .: "literal"

data Vector = Vector
  { vectorName :: Text,
    vectorBase :: Text,
    vectorCall :: Owt,
    vectorUrl :: Text,
    vectorJson :: Value
  }

instance FromJSON Vector where
  parseJSON = withObject "call" $ \row -> do
    value <- row .:! "kwargs" >>= traverse tagged
    text <- row .:? "kwargs_text"
    code <- row .: "code"
    options <- row .: "options"
    let kwargs = maybe (maybe noKwargs python value) expression text
        withOptions =
          withObject "options" (\given -> do
            fnName <- given .:? "fn_name"
            useCache <- given .:? "use_cache" .!= False
            cacheKwargs <- given .:? "cache_kwargs" .!= False
            cacheKey <- given .:? "cache_key_override"
            cacheShared <- given .:? "cache_shared" .!= False
            timeout <- given .:? "timeout"
            let simple = SimpleOwt code kwargs
            pure simple
              { owtFnName = fromMaybe (owtFnName simple) fnName,
                owtUseCache = useCache,
                owtCacheKwargs = cacheKwargs,
                owtCacheKey = cacheKey,
                owtCacheShared = cacheShared,
                owtTimeout = timeout
              })
    Vector <$> row .: "name" <*> row .: "base" <*> withOptions options <*> row .: "url" <*> row .: "json"

-- | A value as the vectors write it.
tagged :: Value -> Parser Python
tagged value = case value of
  Null -> pure PyNone
  Bool bool -> pure (PyBool bool)
  String text -> pure (PyText text)
  Object tags -> do
    int <- tags .:? "int"
    float <- tags .:? "float"
    bytes <- tags .:? "bytes"
    list <- tags .:? "list"
    dict <- tags .:? "dict"
    case (int, float, bytes, list, dict) of
      (Just digits, _, _, _, _) -> pure (PyInt (read digits))
      (_, Just digits, _, _, _) -> pure (PyFloat (readFloat digits))
      (_, _, Just text, _, _) -> either fail (pure . PyBytes) (Base64.decode (Text.encodeUtf8 text))
      (_, _, _, Just items, _) -> PyList <$> traverse tagged items
      (_, _, _, _, Just items) -> PyDict <$> traverse pair items
      _ -> fail ("no tag that is known: " <> show value)
  _ -> fail ("no tagged value: " <> show value)
  where
    pair = withArray "pair" $ \both -> case toList both of
      [String key, item] -> (,) key <$> tagged item
      _ -> fail "no pair"
    readFloat :: Text -> Double
    readFloat digits = case digits of
      "inf" -> 1 / 0
      "-inf" -> -1 / 0
      "nan" -> 0 / 0
      _ -> read (Text.unpack digits)
