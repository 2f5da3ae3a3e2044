{-# LANGUAGE OverloadedStrings #-}
{-# LANGUAGE ScopedTypeVariables #-}

-- | Arrays of numbers as npy, NumPy's own format (NEP 1).
--
-- > image <- owt @POST "f(numpy.eye)" (toKwargs (2 :: Int)) client :: IO (Npy Double)
-- > npyShape image == [2, 2]
module Owt.Npy
  ( Npy (..),
    NpyElement (..),
    writeNpy,
    readNpy,
    npyBody,
  )
where

import Control.Exception (throwIO)
import Data.Bits (shiftL, (.|.))
import Data.ByteString (ByteString)
import qualified Data.ByteString as ByteString
import qualified Data.ByteString.Builder as Builder
import qualified Data.ByteString.Char8 as Char8
import qualified Data.ByteString.Lazy as Lazy
import qualified Data.ByteString.Unsafe as Unsafe
import Data.Int (Int16, Int32, Int64, Int8)
import Data.List (foldl')
import Data.Text (Text)
import qualified Data.Text as Text
import Data.Word (Word16, Word32, Word64, Word8)
import GHC.Float (castWord32ToFloat, castWord64ToDouble)
import Network.HTTP.Client (RequestBody (..))
import Owt.Call (Owt (..))
import Owt.Error (OwtError (..))
import Owt.Result (OwtResult (..))
import Text.Read (readMaybe)

-- | An array: its sides, and its values, of which those of the last axis stand together.
data Npy a = Npy
  { npyShape :: [Int],
    npyValues :: [a]
  }
  deriving (Eq, Show)

-- | A number that NumPy has the same type for.
class NpyElement a where
  -- | NumPy's name of the type, without its byte order, and how many bytes it has.
  npyKind :: proxy a -> (Text, Int)

  -- | Its bytes, the least significant first.
  npyWrite :: a -> Builder.Builder

  -- | Of the whole number that its bytes are.
  npyRead :: Word64 -> a

instance NpyElement Double where
  npyKind _ = ("f8", 8)
  npyWrite = Builder.doubleLE
  npyRead = castWord64ToDouble

instance NpyElement Float where
  npyKind _ = ("f4", 4)
  npyWrite = Builder.floatLE
  npyRead = castWord32ToFloat . fromIntegral

instance NpyElement Bool where
  npyKind _ = ("b1", 1)
  npyWrite yes = Builder.word8 (if yes then 1 else 0)
  npyRead = (/= 0)

instance NpyElement Int8 where
  npyKind _ = ("i1", 1)
  npyWrite = Builder.int8
  npyRead = fromIntegral

instance NpyElement Int16 where
  npyKind _ = ("i2", 2)
  npyWrite = Builder.int16LE
  npyRead = fromIntegral

instance NpyElement Int32 where
  npyKind _ = ("i4", 4)
  npyWrite = Builder.int32LE
  npyRead = fromIntegral

instance NpyElement Int64 where
  npyKind _ = ("i8", 8)
  npyWrite = Builder.int64LE
  npyRead = fromIntegral

instance NpyElement Word8 where
  npyKind _ = ("u1", 1)
  npyWrite = Builder.word8
  npyRead = fromIntegral

instance NpyElement Word16 where
  npyKind _ = ("u2", 2)
  npyWrite = Builder.word16LE
  npyRead = fromIntegral

instance NpyElement Word32 where
  npyKind _ = ("u4", 4)
  npyWrite = Builder.word32LE
  npyRead = fromIntegral

instance NpyElement Word64 where
  npyKind _ = ("u8", 8)
  npyWrite = Builder.word64LE
  npyRead = id

-- | npy is asked for. Throws 'OwtUnreadable' for an array of another type.
instance NpyElement a => OwtResult (Npy a) where
  accepted _ = Just "application/x-npy"
  fromAnswer answer = fromAnswer answer >>= either (throwIO . OwtUnreadable) pure . readNpy

-- | The call with this array as its body: what the first parameter with the hint @numpy.ndarray@ takes.
npyBody :: NpyElement a => Npy a -> Owt -> Owt
npyBody array call =
  call
    { owtBody = Just (RequestBodyLBS (writeNpy array)),
      owtHeaders = ("Content-Type", "application/x-npy") : owtHeaders call
    }

-- | The array as npy. As an argument of a function by its name it is a 'Owt.PyBytes' of this.
writeNpy :: forall a. NpyElement a => Npy a -> Lazy.ByteString
writeNpy (Npy shape values) =
  Builder.toLazyByteString (Builder.byteString (start <> header) <> foldMap npyWrite values)
  where
    (kind, size) = npyKind (Nothing :: Maybe a)
    order = if size == 1 then "|" else "<"
    told = "{'descr': '" <> order <> Char8.pack (Text.unpack kind) <> "', 'fortran_order': False, 'shape': (" <> named <> "), }"
    named = ByteString.concat [Char8.pack (show side) <> "," | side <- shape]
    -- Values begin at a multiple of 64 bytes; magic, version and length are ten, the line end one.
    padding = (-(ByteString.length told + 11)) `mod` 64
    header = told <> Char8.replicate padding ' ' <> "\n"
    long = ByteString.length header
    start = "\x93NUMPY\x01\x00" <> ByteString.pack [fromIntegral long, fromIntegral (long `div` 256)]

-- | Reads an array from npy. 'Left' says why it is none of these.
readNpy :: forall a. NpyElement a => ByteString -> Either Text (Npy a)
readNpy npy = do
  (header, body) <- maybe (Left noNpy) Right (parts npy)
  described <- maybe (Left noNpy) Right (entry "'descr'" header >>= quoted)
  fortran <- maybe (Left noNpy) (Right . ("True" `ByteString.isPrefixOf`)) (entry "'fortran_order'" header)
  shape <- maybe (Left noNpy) Right (entry "'shape'" header >>= sides)
  let (order, name) = Char8.splitAt 1 described
      wanted = Char8.pack (Text.unpack kind)
      count = product (map toInteger shape)
  if name /= wanted
    then Left ("the array is of NumPy's " <> shown described <> ", and " <> kind <> " was asked for")
    else
      if toInteger (ByteString.length body) /= count * toInteger size
        then Left "the array has not as many bytes as its shape says"
        else Right (Npy shape (map (npyRead . number (order == ">") body) (if fortran then columns shape else [0 .. fromInteger count - 1])))
  where
    (kind, size) = npyKind (Nothing :: Maybe a)
    shown = Text.pack . Char8.unpack
    number bigEndian body at =
      let bytes = [Unsafe.unsafeIndex body (at * size + (if bigEndian then n else size - 1 - n)) | n <- [0 .. size - 1]]
       in foldl' (\whole byte -> whole `shiftL` 8 .|. fromIntegral byte) 0 bytes

noNpy :: Text
noNpy = "the answer is no npy: is it an array of numbers?"

-- | Where the values stand that are stored with the first axis together, in the order of the last.
columns :: [Int] -> [Int]
columns shape = map sum (mapM (\(side, step) -> [n * step | n <- [0 .. side - 1]]) (zip shape steps))
  where
    steps = scanl (*) 1 shape

-- | The header, and what stands behind it.
parts :: ByteString -> Maybe (ByteString, ByteString)
parts npy = do
  rest <- ByteString.stripPrefix "\x93NUMPY" npy
  (version, _) <- ByteString.uncons rest
  let digits = if version == 1 then 2 else 4
      (long, behind) = ByteString.splitAt digits (ByteString.drop 2 rest)
      size = ByteString.foldr' (\byte whole -> whole * 256 + fromIntegral byte) 0 long
  if ByteString.length long < digits || ByteString.length behind < size
    then Nothing
    else Just (ByteString.splitAt size behind)

-- | What stands behind the colon after this name.
entry :: ByteString -> ByteString -> Maybe ByteString
entry name header =
  case ByteString.stripPrefix name (snd (ByteString.breakSubstring name header)) of
    Just rest -> Char8.dropWhile (== ' ') <$> ByteString.stripPrefix ":" (Char8.dropWhile (== ' ') rest)
    Nothing -> Nothing

quoted :: ByteString -> Maybe ByteString
quoted text = Char8.takeWhile (/= '\'') <$> ByteString.stripPrefix "'" text

sides :: ByteString -> Maybe [Int]
sides text = do
  inside <- Char8.takeWhile (/= ')') <$> ByteString.stripPrefix "(" text
  found <- mapM (readMaybe . Char8.unpack) (filter (not . ByteString.null) (map Char8.strip (Char8.split ',' inside)))
  if all (>= 0) found then Just found else Nothing
